/** What the builder makes of imports that are no modules. */
declare module '*.css';
declare module '*.woff2' {
  const address: string;
  export default address;
}
