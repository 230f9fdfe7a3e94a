/**
 * A zone file cut into fields (RFC 1035 section 5.1): words and quoted strings, line by line, where parentheses join
 * lines, `;` begins a comment and a backslash takes the meaning from what follows.
 */
import type { Field } from './dns-record-fields.js';

export interface ZoneFileLine {
  /** Not empty. */
  readonly fields: readonly Field[];
  /** It begins with a blank: the owner is that of the record before. */
  readonly indented: boolean;
  readonly line: number;
}

export interface LexicalProblem {
  readonly problem: string;
  readonly line: number;
  readonly column: number;
}

const BLANK = /[ \t\r]/;
/** Characters that end a word. */
const ENDS_WORD = /[ \t\r\n;()"]/;

/** Every line with something in it; in the place of one that cannot be cut what is wrong with it, and the file's rest is given up. */
export function* zoneFileLines(text: string): Generator<ZoneFileLine | LexicalProblem> {
  const lexer = new Lexer(text.startsWith('\ufeff') ? text.slice(1) : text);
  while (!lexer.done) {
    const line = lexer.line();
    if (line === undefined) continue;
    yield line;
    if ('problem' in line) return;
  }
}

class Lexer {
  private readonly text: string;
  private at = 0;
  private lineNumber = 1;
  private lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Undefined for a line without fields. */
  line(): ZoneFileLine | LexicalProblem | undefined {
    const fields: Field[] = [];
    const line = this.lineNumber;
    const indented = BLANK.test(this.text[this.at]);
    let opened: LexicalProblem | undefined;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) {
        if (opened !== undefined) return opened;
        break;
      }
      if (char === '\n') {
        this.newLine();
        if (opened === undefined) break;
      } else if (BLANK.test(char)) this.at += 1;
      else if (char === ';') this.comment();
      else if (char === '(') {
        if (opened !== undefined) return this.problem('a parenthesis within parentheses');
        opened = this.problem('this parenthesis is not closed');
        this.at += 1;
      } else if (char === ')') {
        if (opened === undefined) return this.problem('this parenthesis was not opened');
        opened = undefined;
        this.at += 1;
      } else {
        const field = char === '"' ? this.quoted() : this.word();
        if ('problem' in field) return field;
        fields.push(field);
      }
    }
    return fields.length === 0 ? undefined : { fields, indented, line };
  }

  private word(): Field | LexicalProblem {
    const start = this.at;
    const { line, column } = this.place();
    while (!this.done && !ENDS_WORD.test(this.text[this.at])) {
      if (this.text[this.at] === '\\') this.at += 1;
      if (this.done || isControl(this.text[this.at])) return this.problem('a control character');
      this.at += 1;
    }
    return { text: this.text.slice(start, this.at), quoted: false, line, column };
  }

  private quoted(): Field | LexicalProblem {
    const opening = this.problem('this quote is not closed on its line');
    const { line, column } = opening;
    this.at += 1;
    const start = this.at;
    while (this.text[this.at] !== '"') {
      if (this.text[this.at] === '\\') this.at += 1;
      const char = this.text[this.at];
      if (char === undefined || char === '\n') return opening;
      if (isControl(char) && char !== '\t') return this.problem('a control character');
      this.at += 1;
    }
    const text = this.text.slice(start, this.at);
    this.at += 1;
    return { text, quoted: true, line, column };
  }

  private comment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  private newLine(): void {
    this.at += 1;
    this.lineNumber += 1;
    this.lineStart = this.at;
  }

  private place(): { line: number; column: number } {
    return { line: this.lineNumber, column: this.at - this.lineStart + 1 };
  }

  private problem(problem: string): LexicalProblem {
    return { problem, ...this.place() };
  }
}

function isControl(char: string): boolean {
  return char < ' ' || char === '\x7f';
}
