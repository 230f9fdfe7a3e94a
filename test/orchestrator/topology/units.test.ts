import t from 'tap';
import {
  formatDuration,
  formatRate,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
} from '../../../orchestrator/topology/units.js';

t.test('durations are milliseconds', async (t) => {
  t.equal(parseDuration('20ms'), 20);
  t.equal(parseDuration('1.5s'), 1500);
  t.equal(parseDuration('250us'), 0.25);
  t.equal(parseDuration('5min'), 300_000);
  t.equal(parseDuration('1h'), 3_600_000);
  t.equal(parseDuration('1 d'), 86_400_000);
});

t.test('rates are bits per second, sizes bytes, shares 0 to 1', async (t) => {
  t.equal(parseRate('10Mbit'), 10_000_000);
  t.equal(parseRate('512kbit'), 512_000);
  t.equal(parseRate('1gbit'), 1_000_000_000);
  t.equal(parseSize('64KiB'), 65536);
  t.equal(parseSize('1500B'), 1500);
  t.equal(parseSize('1MB'), 1_000_000);
  t.equal(parseShare('1%'), 0.01);
  t.equal(parseShare('100%'), 1);
  t.equal(parseShare('0.5%'), 0.005);
});

t.test('no unit, a wrong unit or a wrong sign is nothing', async (t) => {
  for (const text of ['20', '20m', '-1ms', '1e3ms', 'ms', '', '20msx', '1.ms'])
    t.equal(parseDuration(text), undefined, text);
  for (const text of ['10', '10Mb', '0bit', '10MB']) t.equal(parseRate(text), undefined, text);
  for (const text of ['64', '64K', '64kb']) t.equal(parseSize(text), undefined, text);
  for (const text of ['1', '101%', '0.01', '%']) t.equal(parseShare(text), undefined, text);
});

t.test('written the short way', async (t) => {
  t.equal(formatDuration(20), '20ms');
  t.equal(formatDuration(1500), '1.5s');
  t.equal(formatDuration(0.25), '250us');
  t.equal(formatDuration(0), '0ms');
  t.equal(formatRate(10_000_000), '10Mbit');
  t.equal(formatRate(1500), '1.5kbit');
  t.equal(formatRate(2_000_000_000), '2Gbit');
  t.equal(formatRate(300), '300bit');
});
