/** How both filter languages are read: token by token, and what is said where the text makes no sense. */
import { FilterProblem } from './filter-error.js';

/** Brackets and negations within each other: nobody writes more, and the stack of calls must not overflow. */
const MAX_DEPTH = 100;

export interface ReadableToken {
  /** Those that the text of a `word` or a `symbol` names; `end` is the end of the text. */
  readonly kind: string;
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

export abstract class TokenReader<Token extends ReadableToken> {
  protected readonly tokens: readonly Token[];
  protected at = 0;
  protected depth = 0;

  /** @param tokens the last one of kind `end` */
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  protected get token(): Token {
    return this.tokens[this.at];
  }

  protected is(...texts: readonly string[]): boolean {
    const { kind, text } = this.token;
    return (kind === 'word' || kind === 'symbol') && texts.includes(text);
  }

  protected accept(...texts: readonly string[]): boolean {
    if (!this.is(...texts)) return false;
    this.at += 1;
    return true;
  }

  protected expect(text: string): void {
    if (!this.accept(text)) this.refuse(`"${text}" is missing here`);
  }

  /** Throws {@link FilterProblem} at the present token. */
  protected refuse(message?: string): never {
    const { kind, text, column } = this.token;
    const usual = kind === 'end' ? 'the expression ends too early' : `"${text}" was not expected here`;
    throw new FilterProblem(message ?? usual, column);
  }

  /** Reads what may hold the like of itself. */
  protected nested<Result>(read: () => Result): Result {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.refuse(`more than ${MAX_DEPTH} brackets and negations within each other`);
    const result = read();
    this.depth -= 1;
    return result;
  }
}
