/** Where a comparison takes its values from: a field, a slice of one, some of its bits, what a function makes of it. */
import type { Field, FieldType, Reader, Value, ValueTest } from './field.js';
import { fieldNamed, unknownField } from './fields.js';
import { FilterProblem } from './filter-error.js';
import { bytesOf, readLiteral, TYPE_NAMES } from './literals.js';
import type { PacketView } from './packet-view.js';
import type { Operand, SliceRange } from './syntax.js';

export interface Source {
  /** As a message names it. */
  readonly label: string;
  readonly type: FieldType;
  readonly valueNames?: Readonly<Record<string, number>>;
  readonly column: number;
  /** Of some bits: alone it asks whether any of them is set, not whether they are there. */
  readonly isMask: boolean;
  /** Whether `test` holds for any value in the packet. */
  some(view: PacketView, test: ValueTest): boolean;
  /** The same for what slices and `len` see, where that is less. */
  readonly someHeader?: Source['some'];
}

/** Undefined for what is a literal. Throws {@link FilterProblem}. */
export function sourceOf(operand: Operand): Source | undefined {
  switch (operand.kind) {
    case 'word': {
      const field = fieldNamed(operand.text);
      return field === undefined ? undefined : ofField(field, operand.column);
    }
    case 'layer':
      return ofLayer(operand);
    case 'slice':
      return ofSlice(operand);
    case 'mask':
      return ofMask(operand);
    case 'call':
      return ofCall(operand);
    default:
      return undefined;
  }
}

/** The same, where only a source makes sense. */
export function requireSource(operand: Operand): Source {
  const source = sourceOf(operand);
  if (source !== undefined) return source;
  if (operand.kind === 'word') throw new FilterProblem(unknownField(operand.text), operand.column, true);
  throw new FilterProblem('a field is needed here', operand.column);
}

function ofField(field: Field, column: number): Source {
  const { name, type, valueNames, protocol, someHeader } = field;
  const through =
    (read: Reader): Source['some'] =>
    (view, test) => {
      for (const layer of view.layers) if (layer.protocol === protocol && read(view, layer, test)) return true;
      return false;
    };
  return {
    ...{ label: name, type, valueNames, column, isMask: false },
    some: through(field.some),
    someHeader: someHeader && through(someHeader),
  };
}

function ofLayer({ field: name, number, column }: Extract<Operand, { kind: 'layer' }>): Source {
  const field = fieldNamed(name);
  if (field === undefined) throw new FilterProblem(unknownField(name), column, true);
  return {
    ...ofField(field, column),
    label: `${name}#${number}`,
    some: (view, test) => {
      const layer = view.layers.filter(({ protocol }) => protocol === field.protocol).at(number - 1);
      return layer !== undefined && field.some(view, layer, test);
    },
    someHeader: undefined,
  };
}

function ofSlice({ of, ranges, column }: Extract<Operand, { kind: 'slice' }>): Source {
  const base = requireSource(of);
  const some = base.someHeader ?? base.some;
  const isText = base.type === 'string';
  if (!isText && !['protocol', 'bytes', 'ether', 'ipv4', 'ipv6'].includes(base.type)) {
    throw new FilterProblem(`${base.label} is ${TYPE_NAMES[base.type]} and has no bytes to slice`, column);
  }
  return {
    ...{ label: `a slice of ${base.label}`, type: isText ? 'string' : 'bytes', column, isMask: false },
    some: (view, test) =>
      some(view, (value) => {
        const slice =
          typeof value === 'string' ? sliceText(value, ranges) : sliceBytes(bytesOf(value, base.type), ranges);
        return slice !== undefined && test(slice);
      }),
  };
}

/** Undefined when a range lies outside: such a packet has no such slice. */
function bounds({ start, length, last }: SliceRange, available: number): [number, number] | undefined {
  const from = start < 0 ? available + start : start;
  let to = available;
  if (last !== undefined) to = (last < 0 ? available + last : last) + 1;
  else if (length !== undefined) to = from + length;
  return from < 0 || to > available || from >= to ? undefined : [from, to];
}

function sliceBytes(bytes: Uint8Array | undefined, ranges: readonly SliceRange[]): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const [range] = ranges;
  if (ranges.length === 1) {
    const found = bounds(range, bytes.length);
    return found && bytes.subarray(...found);
  }
  const out: number[] = [];
  for (const each of ranges) {
    const found = bounds(each, bytes.length);
    if (found === undefined) return undefined;
    out.push(...bytes.subarray(...found));
  }
  return Uint8Array.from(out);
}

function sliceText(text: string, ranges: readonly SliceRange[]): string | undefined {
  let out = '';
  for (const range of ranges) {
    const found = bounds(range, text.length);
    if (found === undefined) return undefined;
    out += text.slice(...found);
  }
  return out;
}

function ofMask({ of, mask: written, column }: Extract<Operand, { kind: 'mask' }>): Source {
  const base = requireSource(of);
  if (written.kind !== 'word') throw new FilterProblem('behind "&" comes a number', written.column);
  const isNumber = /^uint/.test(base.type);
  if (!isNumber && base.type !== 'bytes') {
    throw new FilterProblem(`${base.label} is ${TYPE_NAMES[base.type]}: "&" takes numbers and slices`, column);
  }
  const { value: mask } = readLiteral(written, { type: base.type });
  const masked = (value: Value): Value => {
    if (typeof mask === 'number') return ((value as number) & mask) >>> 0;
    return (value as Uint8Array).map((byte, index) => byte & ((mask as Uint8Array)[index] ?? 0));
  };
  return {
    ...{ label: `the bits of ${base.label}`, type: base.type, column: base.column, isMask: true },
    some: (view, test) => base.some(view, (value) => test(masked(value))),
  };
}

const FUNCTIONS = ['lower', 'upper', 'len', 'count'];

function ofCall({ name, argument, column }: Extract<Operand, { kind: 'call' }>): Source {
  if (!FUNCTIONS.includes(name)) {
    throw new FilterProblem(`there is no function "${name}"; there are ${FUNCTIONS.join(', ')}`, column);
  }
  const base = requireSource(argument);
  const label = `${name}(${base.label})`;
  if (name === 'count') return { label, type: 'uint32', column, isMask: false, some: counted(base) };
  if (name === 'len') {
    if (!['string', 'bytes', 'protocol'].includes(base.type)) {
      throw new FilterProblem(`${base.label} is ${TYPE_NAMES[base.type]} and has no length`, base.column);
    }
    const whole = base.someHeader ?? base.some;
    const some: Source['some'] = (view, test) => whole(view, (value) => test((value as string | Uint8Array).length));
    return { label, type: 'uint32', column, isMask: false, some };
  }
  if (base.type !== 'string') throw new FilterProblem(`${name}() takes a string, ${base.label} is none`, base.column);
  const change = (value: Value) => (name === 'lower' ? String(value).toLowerCase() : String(value).toUpperCase());
  return {
    label,
    type: 'string',
    column,
    isMask: false,
    some: (view, test) => base.some(view, (value) => test(change(value))),
  };
}

/** How many values there are; nothing where there is none. */
function counted(base: Source): Source['some'] {
  return (view, test) => {
    let count = 0;
    base.some(view, () => {
      count += 1;
      return false;
    });
    return count > 0 && test(count);
  };
}
