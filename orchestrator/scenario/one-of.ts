/** Maps of which one key says what they are, and which other keys go with each of these. */
import type { z } from 'zod';
import { didYouMean } from '../../devices/stack/wire/nearest.js';

/** The keys that say what it is, each with those that may stand beside it. */
export type Forms = Readonly<Record<string, readonly string[]>>;

/**
 * A check for a strict object all of whose keys are optional: exactly one form, and nothing that does not go with it.
 * People get better words from it than from a union of twelve objects.
 */
export function oneOf(what: string, forms: Forms, common: readonly string[] = []) {
  return (value: object, context: z.RefinementCtx): void => {
    const add = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path });
    const [form, second] = formsOf(forms, value);
    if (form === undefined) {
      add(`${what} has one of the keys ${Object.keys(forms).join(', ')}`);
      return;
    }
    if (second !== undefined) {
      add(`"${form}" and "${second}" are two: ${what} has one of them`, [second]);
      return;
    }
    for (const key of Object.keys(value)) {
      if (key === form || forms[form].includes(key) || common.includes(key)) continue;
      const valid = [...forms[form], ...common];
      add(`"${key}" does not go with "${form}".${didYouMean(key, valid) || ` With it go ${valid.join(', ')}.`}`, [key]);
    }
  };
}

/** Which forms a value has; one, when it has been checked. */
export function formsOf(forms: Forms, value: object): string[] {
  return Object.keys(value).filter((key) => Object.hasOwn(forms, key));
}
