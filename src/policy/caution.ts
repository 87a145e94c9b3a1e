import type { Word } from './part.ts';
import { isOwnVariable } from './variable.ts';

/** The name of a program without its directory. */
export function programOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

const list = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Parts of the shell that change what later words mean: a rule names every word of theirs. */
const shellWords = list(`
  . alias bind builtin command compgen complete declare dirs disown enable eval exec export fc getopts hash
  history let local logout mapfile readarray readonly set shopt source trap typeset ulimit umask unalias
  unset wait
`);

/**
 * Programs that run what their arguments, or files that these name, say. A rule names their first argument,
 * their options, and what they are to set.
 */
const carriers = list(`
  ansible ansible-playbook ant apk apt apt-get ash at awk bash batch bazel brew bsdtar bun bundle bunx busybox
  cargo cc chroot clang clang++ cmake composer corepack cpan cpio cron crontab csh dash deno direnv dnf docker
  doas dotnet dpkg ed elixir emacs entr env erl ex expect fish flock fzf g++ gawk gcc gdb gem gh gmake go
  gradle gradlew groovy guile hatch helm hyperfine ionice ipython irb iex java jjs jruby jshell julia just
  kotlin ksh kubectl less lldb ltrace lua luajit lxc m4 make man mawk more mvn mvnw mysql nawk nerdctl nice
  ninja nix node nodejs nohup npm npx nsenter nvim oc osascript parallel pdm perl php pip pip3 pipx pkexec
  pnpm pnpx podman poetry psql pwsh rake R Rscript rpm rsync ruby runuser rustc scp screen script sed setpriv
  setsid sftp sh sqlite3 ssh sshpass stdbuf strace su sudo swift systemctl systemd-run tar task tclsh tcsh
  terraform time timeout tmux toybox tox ts-node tsx unshare uv uvx vagrant vi view vim watch wget xargs yarn
  yum zip zsh
`);

/** Options, in full, by which programs that otherwise look on run or write something. */
const options: Readonly<Record<string, readonly string[]>> = {
  fd: ['--exec', '--exec-batch'],
  fdfind: ['--exec', '--exec-batch'],
  git: [
    '--config',
    '--exec',
    '--ext-diff',
    '--extcmd',
    '--open-files-in-pager',
    '--output',
    '--output-directory',
    '--receive-pack',
    '--server-option',
    '--template',
    '--textconv',
    '--tool',
    '--upload-pack',
  ],
  rg: ['--pre', '--hostname-bin'],
  sort: ['--output', '--compress-program', '--temporary-directory', '--files0-from'],
  tree: ['--output'],
};

/** The same, for options of one letter, which may stand together. */
const letters: Readonly<Record<string, RegExp>> = {
  fd: /[xX]/,
  fdfind: /[xX]/,
  git: /[uxOoc]/,
  rg: /(?!)/,
  sort: /[oTS]/,
  tree: /[oR]/,
};

/** Commands of git whose words are commands, settings or addresses of code. */
const gitCommands = list(`
  bisect config credential difftool filter-branch filter-repo hook instaweb maintenance mergetool p4 rebase
  remote-ext send-email shell submodule svn
`);

/** Options of git itself that have it do nothing else. */
const gitGlobals = list('--no-pager -P --no-optional-locks --literal-pathspecs --version --help');

const testWords = list('[ test printf read');

/**
 * For each word of a command: whether an allowing rule has to name it, because a wildcard that stood for it
 * would allow more than the command's name tells. The name itself is always one of them.
 */
export function mustBeNamed(words: readonly Word[]): boolean[] {
  const program = programOf(words[0]?.fixed ?? '');
  const named = (word: Word, at: number): boolean => {
    if (at === 0 || shellWords.has(program)) return true;
    if (isCarrier(program)) return at === 1 || isOption(word) || isSetting(word);
    if (program === 'git') return namedByGit(words, at);
    if (program === 'find')
      return isOpenOption(word) || /^-(delete|fprint|fls|files0)/.test(word.prefix);
    if (testWords.has(program)) return namedByTest(words, at);
    if (Object.hasOwn(options, program))
      return isOpenOption(word) || isListed(program, word.prefix);
    return false;
  };
  return words.map(named);
}

/** Whether a program that is given no argument does more than its name tells: it reads what to run. */
export function isBareNamed(word: Word | undefined): boolean {
  const program = programOf(word?.fixed ?? '');
  return isCarrier(program) || shellWords.has(program);
}

function isCarrier(program: string): boolean {
  return carriers.has(program) || /^(python|pypy|perl|ruby|lua|php|pip)[\d.]*$/.test(program);
}

/** What is open may turn out to be an option, unless it begins as something else. */
function isOpenOption(word: Word): boolean {
  return word.fixed === null && (!word.single || !/^[^-]/.test(word.prefix));
}

function isOption(word: Word): boolean {
  return isOpenOption(word) || (word.prefix.startsWith('-') && word.prefix !== '-');
}

function isSetting(word: Word): boolean {
  return /^[\w.+-]*=/.test(word.prefix);
}

/** Programs take options that are cut short, and letters that stand together. */
function isListed(program: string, word: string): boolean {
  if (word.startsWith('--')) {
    const [name = ''] = word.split('=', 1);
    return name.length > 2 && (options[program] ?? []).some((option) => option.startsWith(name));
  }
  return /^-\w/.test(word) && (letters[program]?.test(word.slice(1)) ?? false);
}

function namedByGit(words: readonly Word[], at: number): boolean {
  const of = (index: number) => words[index]?.fixed ?? '';
  const command = words.findIndex((_, index) => index > 0 && !gitGlobals.has(of(index)));
  const word = words[at]!;
  if (at < command) return false;
  // It may be an alias, and an alias may be any command.
  if (at === command) return true;
  if (of(command).startsWith('-') || gitCommands.has(of(command))) return true;
  // Addresses like `ext::sh -c …` run commands.
  if (/^[\w+.-]+::/.test(word.prefix)) return true;
  // A message may be whatever it likes.
  if (/^(-a?m|--message)$/.test(of(at - 1)) && word.single) return false;
  return isOpenOption(word) || isListed('git', word.prefix);
}

/** They evaluate subscripts of names, with the commands in them. */
function namedByTest(words: readonly Word[], at: number): boolean {
  const word = words[at]!;
  const of = (index: number) => words[index]?.fixed ?? '';
  switch (of(0)) {
    case 'read':
      return word.fixed !== '-r' && !isOwnVariable(of(at));
    case 'printf':
      if (at === 1) return isOpenOption(word) || word.prefix.startsWith('-');
      // Numbers are evaluated by some shells.
      return !/^([^%]|%-?\d*[%bs])*$/.test(of(1)) && !/^[-\w.]+$/.test(of(at));
    default:
      return namedByComparison(words, at);
  }
}

function namedByComparison(words: readonly Word[], at: number): boolean {
  const word = words[at]!;
  const near = [words[at - 1], words[at + 1]].map((each) => each?.fixed ?? '');
  if (near.some((text) => numeric.test(text)) && !/^-?\d+$/.test(word.fixed ?? '')) return true;
  if (word.fixed !== null) return /^-[vR]$|[$`]/.test(word.fixed);
  const operand = /^-[a-uw-zGLNOS]$/.test(near[0]!) || near.some((text) => binary.test(text));
  return !word.single || !operand;
}

const numeric = /^-(eq|ne|lt|le|gt|ge)$/;
const binary = /^(==?|!=|-nt|-ot|-ef)$/;
