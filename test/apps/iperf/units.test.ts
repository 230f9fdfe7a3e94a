import t from 'tap';
import { parseAmount, rateText, transferText } from '../../../devices/apps/iperf/units.js';

t.test('three digits and the unit that fits', async (t) => {
  t.equal(transferText(0).trim(), '0.00 Bytes');
  t.equal(transferText(1023).trim(), '1023 Bytes');
  t.equal(transferText(1024).trim(), '1.00 KBytes');
  t.equal(transferText(1.25 * 1024 ** 2).trim(), '1.25 MBytes');
  t.equal(transferText(11.6 * 1024 ** 3).trim(), '11.6 GBytes');
  t.equal(rateText(9_994_000).trim(), '9.99 Mbits/sec');
  t.equal(rateText(94_123_000).trim(), '94.1 Mbits/sec');
  t.equal(rateText(941_000_000).trim(), '941 Mbits/sec');
  t.equal(rateText(1e9).trim(), '1.00 Gbits/sec');
});

t.test('amounts of bytes', async (t) => {
  t.equal(parseAmount('1000'), 1000);
  t.equal(parseAmount('64K'), 65_536);
  t.equal(parseAmount('1.5m'), 1_572_864);
  t.equal(parseAmount('1G'), 2 ** 30);
  for (const wrong of ['', 'K', '-1', '1KB', '1 K', '0x10', '1e3']) t.equal(parseAmount(wrong), undefined, wrong);
});
