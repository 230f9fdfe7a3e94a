/** The dates of HTTP (RFC 9110 section 5.6.7). */

const TIME = '(?<hours>\\d\\d):(?<minutes>\\d\\d):(?<seconds>\\d\\d)';
const MONTH = '(?<month>[A-Z][a-z]{2})';
/** IMF-fixdate, which is sent; those of RFC 850 and of asctime(), which old senders have. */
const FORMS = [
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^[A-Z][a-z]+day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^[A-Z][a-z]{2} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Sun, 22 Nov 2026 12:00:00 GMT" */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/**
 * Milliseconds since 1970, of all three forms; undefined for anything else, also for days that there are not.
 * @param nowMs a year of two digits is the one with them that is at most 50 years ahead of this
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const found = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (found === undefined) return undefined;
  const [day, hours, minutes, seconds] = [found.day, found.hours, found.minutes, found.seconds].map(Number);
  const month = MONTHS.indexOf(found.month);
  const year = found.year.length === 2 ? fullYear(Number(found.year), nowMs) : Number(found.year);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  // What does not exist would be another day: 31 Feb the 3rd of March.
  if (month < 0 || date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  // A leap second is the first one of the next minute.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  return date.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function fullYear(lastDigits: number, nowMs: number): number {
  const now = new Date(nowMs).getUTCFullYear();
  const year = now - (now % 100) + lastDigits;
  return year > now + 50 ? year - 100 : year;
}
