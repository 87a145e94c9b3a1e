/** Lower-case names that shells or the programs they start read. */
const read =
  /^(path|.+path|fignore|prompt|psvar|status|argv|options|functions|aliases|commands|.+_proxy|npm_.+|watch|histchars|module_.+|_+)$/;

/**
 * Whether setting a variable changes no more than the script's own words. Names in capitals are those that
 * programs read, so they never are.
 */
export function isOwnVariable(name: string): boolean {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !read.test(name);
}
