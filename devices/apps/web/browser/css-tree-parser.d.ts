/** The types of css-tree know its whole alone; this entry is the parser without generator, lexer and their tables. */
declare module 'css-tree/parser' {
  import type { parse } from 'css-tree';

  const parser: typeof parse;
  export default parser;
}
