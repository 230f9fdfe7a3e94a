/**
 * What fields there are, so that a misspelt one is told when the file is read. Of a field that is not there anything could
 * be said: it is nothing, it is at most 5, it is not what is refused.
 */
import { didYouMean } from '../../devices/stack/wire/nearest.js';

/** `true`: a value, or a list of values. `any`: fields with names of their own. A list in brackets: its items, by number. */
export type Shape = true | 'any' | readonly [Shape] | Fields;
export interface Fields {
  readonly [name: string]: Shape;
}

/** The shape of a type, with each of its fields: what is forgotten or made up does not compile. */
export type ShapeOf<T> = T extends string | number | boolean
  ? true
  : T extends readonly (infer Item)[]
    ? ShapeOf<Item> extends true
      ? true
      : readonly [ShapeOf<Item>]
    : string extends keyof T
      ? 'any'
      : { readonly [Name in keyof T]-?: ShapeOf<NonNullable<T[Name]>> };

/** Why `path` is no field; undefined when it is one. */
export function fieldProblem(shape: Shape, path: string, before = ''): string | undefined {
  if (shape === 'any') return undefined;
  const where = before === '' ? '' : ` of ${before}`;
  if (shape === true) return `${before} is one value: there is no field "${path}"${where}`;
  const [head, ...rest] = path.split('.');
  const full = before === '' ? head : `${before}.${head}`;
  const inner = shapeAt(shape, head);
  if (inner === undefined) {
    if (isList(shape)) return `"${head}"${where}: it is a list, write the place of an item, such as ${before}.0`;
    const names = Object.keys(shape);
    return `there is no field "${head}"${where}.${didYouMean(head, names) || ` Fields are ${names.join(', ')}.`}`;
  }
  return rest.length === 0 ? undefined : fieldProblem(inner, rest.join('.'), full);
}

function isList(shape: Fields | readonly [Shape]): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function shapeAt(shape: Fields | readonly [Shape], name: string): Shape | undefined {
  if (isList(shape)) return /^\d+$/.test(name) ? shape[0] : undefined;
  return Object.hasOwn(shape, name) ? shape[name] : undefined;
}
