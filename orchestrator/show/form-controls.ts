/** Controls of forms as text: `[Your name: ____________]`, `[x]`, `( )`, `< Send >`. */
import type { FormatCallback, SelectorDefinition } from 'html-to-text';

const FIELD_WIDTH = 12;
const MAX_FIELD_WIDTH = 40;
/** Further options of a list are counted. */
const OPTIONS_SHOWN = 6;

type Attributes = Readonly<Record<string, string | undefined>>;
type Element = Parameters<FormatCallback>[0];

/** What is in the field, what it asks for, or room. */
function field({ value, placeholder, size }: Attributes): string {
  const width = Math.min(MAX_FIELD_WIDTH, Math.max(1, Number(size) || FIELD_WIDTH));
  const content = value || placeholder || '';
  return `[${content.padEnd(width, '_')}]`;
}

function button(words: string): string {
  return `< ${words} >`;
}

function inputText(attributes: Attributes): string {
  const { type, value, alt } = attributes;
  const isChecked = attributes.checked !== undefined;
  switch ((type || 'text').toLowerCase()) {
    case 'hidden':
      return '';
    case 'checkbox':
      return isChecked ? '[x]' : '[ ]';
    case 'radio':
      return isChecked ? '(•)' : '( )';
    case 'submit':
      return button(value ?? 'Submit');
    case 'reset':
      return button(value ?? 'Reset');
    case 'button':
      return button(value ?? '');
    case 'image':
      return button(alt ?? 'Submit');
    case 'file':
      return '[choose a file]';
    case 'password':
      return field({ ...attributes, value: value && '•'.repeat(value.length) });
    default:
      return field(attributes);
  }
}

function textOf(element: Element): string {
  let text = '';
  const waiting = [...(element.children as Element[])].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === 'text') text += node.data;
    else if (node.children) for (const child of [...node.children].reverse()) waiting.push(child);
  }
  return text.replace(/\s+/g, ' ').trim();
}

/** A group of options has them one level deeper. */
function optionsOf({ children }: Element): Element[] {
  return (children as Element[])
    .flatMap((child) => (child.name === 'optgroup' ? (child.children as Element[]) : [child]))
    .filter(({ name }) => name === 'option');
}

const addControl = (textFor: (element: Element) => string): FormatCallback => {
  return (element, _walk, builder) => {
    const text = textFor(element);
    if (text !== '') builder.addInline(` ${text} `, { noWordTransform: true });
  };
};

/** The option that is chosen first. */
function selectText(element: Element): string {
  const options = optionsOf(element);
  const chosen = options.findIndex(({ attribs }) => attribs?.selected !== undefined);
  const names = options.slice(0, OPTIONS_SHOWN).map((option, index) => {
    return index === Math.max(0, chosen) ? `•${textOf(option)}` : textOf(option);
  });
  const rest = options.length - names.length;
  return `[${names.join(' | ')}${rest > 0 ? ` | … ${rest} more` : ''}]`;
}

export const FORM_FORMATTERS: Readonly<Record<string, FormatCallback>> = {
  input: addControl(({ attribs }) => inputText(attribs ?? {})),
  button: addControl((element) => button(textOf(element))),
  select: addControl(selectText),
  textarea: addControl((element) => field({ ...element.attribs, value: textOf(element), size: element.attribs?.cols })),
};

export const FORM_SELECTORS: readonly SelectorDefinition[] = [
  ...Object.keys(FORM_FORMATTERS).map((selector) => ({ selector, format: selector })),
  ...['form', 'fieldset', 'legend'].map((selector) => ({
    selector,
    format: 'block',
    options: { leadingLineBreaks: selector === 'legend' ? 1 : 2, trailingLineBreaks: selector === 'legend' ? 1 : 2 },
  })),
];
