import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  isWithin,
  joinNames,
  nameFromText,
  nameLabels,
  parentName,
  parseName,
  sameName,
} from '../../../devices/stack/wire/dns-name.js';
import { formatRecordData, typeFromText, typeName, typeNumber } from '../../../devices/stack/wire/dns-record.js';
import { DnsWriter } from '../../../devices/stack/wire/dns-writer.js';

function emitted(...names: string[]): string {
  const writer = new DnsWriter();
  for (const name of names) writer.name(name);
  return toHex(writer.finish());
}

t.test('text: the final dot goes, escapes are normal, limits hold', async (t) => {
  t.equal(nameFromText('Www.Server.com.'), 'Www.Server.com', 'case is kept');
  t.equal(nameFromText('.'), '.');
  t.equal(nameFromText('a\\.b.c'), 'a\\046b.c');
  t.equal(nameFromText('a\\.'), 'a\\046');
  t.equal(nameFromText('\\255\\065'), '\\255A');
  const tooLong = ['a'.repeat(64), `${'a'.repeat(63)}.`.repeat(4)];
  for (const bad of ['', 'a..b', '.a', 'a b', 'ä', 'a\\', '\\999', 'a\\1', '\\12b', ...tooLong])
    t.equal(nameFromText(bad), undefined, bad);
  t.equal(nameFromText(`${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(61)}`)?.length, 253, '255 bytes on the wire');
});

t.test('labels with dots and any bytes survive the wire', async (t) => {
  const wire = fromHex('03 612e62 02 00ff 00');
  t.same(parseName(wire, 0), { name: 'a\\046b.\\000\\255', next: 8 });
  t.equal(emitted('a\\046b.\\000\\255'), toHex(wire));
  t.equal(nameLabels('a\\046b.c').length, 2);
  t.equal(isWithin('a\\046server.com', 'server.com'), false);
});

t.test('compression: a pointer to the longest known suffix, case untouched', async (t) => {
  t.equal(emitted('a.server.com', 'b.server.com'), '0161067365727665720' + '3636f6d000162c002');
  t.equal(emitted('x.com', 'x.com'), '017803636f6d00c000');
  t.equal(emitted('x.COM', 'x.com').includes('c0'), false);
  t.equal(emitted('.', '.'), '0000', 'the root is never a pointer');
});

t.test('comparison is blind to case (RFC 4343)', async (t) => {
  t.equal(sameName('WWW.server.COM', 'www.SERVER.com'), true);
  t.equal(isWithin('www.Server.com', 'sERVER.com'), true);
  t.equal(isWithin('xserver.com', 'server.com'), false);
  t.equal(isWithin('server.com', 'server.com'), true);
  t.equal(isWithin('com', '.'), true);
});

t.test('going up and down the tree', async (t) => {
  t.equal(parentName('www.server.com'), 'server.com');
  t.equal(parentName('com'), '.');
  t.equal(parentName('.'), undefined);
  t.equal(joinNames('www', 'server.com'), 'www.server.com');
  t.equal(joinNames('com', '.'), 'com');
  t.equal(joinNames('.', 'com'), 'com');
});

t.test('an emitter refuses a name that breaks the limits', async (t) => {
  t.throws(() => emitted('a'.repeat(64)), RangeError);
  t.throws(() => emitted(Array(5).fill('a'.repeat(63)).join('.')), RangeError);
});

t.test('types by name and number', async (t) => {
  t.equal(typeFromText('mx'), 'MX');
  t.equal(typeFromText('TYPE1'), 'A');
  t.equal(typeFromText('type257'), 'CAA');
  t.equal(typeFromText('type65280'), 'TYPE65280');
  t.equal(typeFromText('TYPE65536'), undefined);
  t.equal(typeFromText('HELLO'), undefined);
  t.equal(typeNumber('TYPE257'), 257);
  t.equal(typeName(257), 'CAA');
  t.equal(typeName(65280), 'TYPE65280');
});

t.test('data in presentation format', async (t) => {
  const text = (...parts: string[]) => parts.map((part) => new Uint8Array(Buffer.from(part, 'latin1')));
  t.equal(formatRecordData({ type: 'TXT', strings: text('a "b"', 'c\\\x01') }), '"a \\"b\\"" "c\\\\\\001"');
  t.equal(formatRecordData({ type: 'MX', preference: 10, exchange: 'mx.server.com' }), '10 mx.server.com.');
  t.equal(formatRecordData({ type: 'NS', target: '.' }), '.');
  t.equal(formatRecordData({ type: 'TYPE99', bytes: fromHex('0102') }), '\\# 2 0102');
  const ipv6 = (hex: string) => formatRecordData({ type: 'AAAA', address: fromHex(hex) });
  t.equal(ipv6('20010db8000000000000000000000001'), '2001:db8::1');
  t.equal(ipv6('00000000000000000000000000000000'), '::');
  t.equal(ipv6('20010db8000000010001000100010001'), '2001:db8:0:1:1:1:1:1');
  t.equal(ipv6('00010000000000010000000000000001'), '1:0:0:1::1');
});
