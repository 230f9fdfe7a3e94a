/** Who is told where a request comes from: the Referer and Origin headers (Referrer Policy, W3C; Fetch standard section 3.2). */
import { withoutSecrets } from './url-parts.js';

const POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;
export type ReferrerPolicy = (typeof POLICIES)[number];

export const DEFAULT_REFERRER_POLICY: ReferrerPolicy = 'strict-origin-when-cross-origin';

/** The last policy of the list that is known: an older browser takes an earlier one. */
export function readReferrerPolicy(text: string | undefined): ReferrerPolicy | undefined {
  const words = (text ?? '').toLowerCase().split(/[\s,]+/);
  return POLICIES.findLast((policy) => policy === words.findLast((word) => POLICIES.some((known) => known === word)));
}

/** The Referer of a request to `target` on behalf of `source`; undefined for none. */
export function refererFor(source: URL, target: URL, policy: ReferrerPolicy): string | undefined {
  const full = withoutSecrets(source);
  const origin = `${source.origin}/`;
  const sameOrigin = source.origin === target.origin;
  const downgrade = source.protocol === 'https:' && target.protocol !== 'https:';
  switch (policy) {
    case 'no-referrer':
      return undefined;
    case 'no-referrer-when-downgrade':
      return downgrade ? undefined : full;
    case 'same-origin':
      return sameOrigin ? full : undefined;
    case 'origin':
      return origin;
    case 'strict-origin':
      return downgrade ? undefined : origin;
    case 'origin-when-cross-origin':
      return sameOrigin ? full : origin;
    case 'strict-origin-when-cross-origin':
      if (sameOrigin) return full;
      return downgrade ? undefined : origin;
    case 'unsafe-url':
      return full;
  }
}
