import fc from 'fast-check';
import t from 'tap';
import {
  BROADCAST_MAC,
  directedBroadcast,
  formatCidr,
  formatIpv4,
  formatMac,
  isGroupMac,
  isLoopback,
  isMulticast,
  maskPrefixLength,
  networkOf,
  parseCidr,
  parseIpv4,
  parseMac,
  prefixMask,
  readMac,
  writeMac,
} from '../../../devices/stack/wire/address.js';
import { ipv4Address, macAddress } from '../../support/arbitraries.js';

t.test('IPv4 addresses as text', async (t) => {
  t.equal(parseIpv4('192.0.2.1'), 0xc0000201);
  t.equal(parseIpv4('255.255.255.255'), 0xffffffff);
  t.equal(formatIpv4(0xc0000201), '192.0.2.1');
  t.equal(formatIpv4(0), '0.0.0.0');
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.-4',
    '1..3.4',
    '0x1.2.3.4',
  ]) {
    t.equal(parseIpv4(text), undefined, JSON.stringify(text));
  }
  fc.assert(fc.property(ipv4Address, (address) => parseIpv4(formatIpv4(address)) === address));
});

t.test('MAC addresses as text, with colons or dashes', async (t) => {
  t.equal(parseMac('00-02-B3-1C-9C-F9'), 0x0002b31c9cf9);
  t.equal(parseMac('00:02:b3:1c:9c:f9'), 0x0002b31c9cf9);
  t.equal(formatMac(0x0002b31c9cf9), '00:02:b3:1c:9c:f9');
  t.equal(formatMac(BROADCAST_MAC), 'ff:ff:ff:ff:ff:ff');
  for (const text of [
    '',
    '00:02:b3:1c:9c',
    '00:02:b3:1c:9c:f9:00',
    '00:02-b3:1c:9c:f9',
    '0:2:b3:1c:9c:f9',
    '0002b31c9cf9',
  ]) {
    t.equal(parseMac(text), undefined, JSON.stringify(text));
  }
  fc.assert(fc.property(macAddress, (mac) => parseMac(formatMac(mac)) === mac));
});

t.test('MAC addresses in bytes', async () => {
  fc.assert(
    fc.property(macAddress, (mac) => {
      const bytes = new Uint8Array(8).fill(0xaa);
      writeMac(bytes, 1, mac);
      return readMac(bytes, 1) === mac && bytes[0] === 0xaa && bytes[7] === 0xaa;
    }),
  );
});

t.test('prefix lengths and masks', async (t) => {
  t.equal(prefixMask(0), 0);
  t.equal(prefixMask(24), 0xffffff00);
  t.equal(prefixMask(32), 0xffffffff);
  for (let length = 0; length <= 32; length++) t.equal(maskPrefixLength(prefixMask(length)), length);
  t.equal(maskPrefixLength(0xff00ff00), undefined);
  t.equal(maskPrefixLength(1), undefined);
});

t.test('subnets', async (t) => {
  const cidr = parseCidr('192.168.10.77/24')!;
  t.equal(formatCidr(cidr), '192.168.10.77/24');
  t.equal(formatIpv4(networkOf(cidr)), '192.168.10.0');
  t.equal(formatIpv4(directedBroadcast(cidr)), '192.168.10.255');
  t.equal(formatIpv4(directedBroadcast(parseCidr('10.1.2.3/0')!)), '255.255.255.255');
  t.equal(formatIpv4(networkOf(parseCidr('10.1.2.3/32')!)), '10.1.2.3');
  for (const text of ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/', '10.0.0/8', '10.0.0.1/255.0.0.0', '/8']) {
    t.equal(parseCidr(text), undefined, text);
  }
});

t.test('kinds of addresses', async (t) => {
  t.ok(isGroupMac(BROADCAST_MAC));
  t.ok(isGroupMac(0x01005e000001));
  t.notOk(isGroupMac(0x020000000001));
  t.ok(isMulticast(parseIpv4('224.0.0.1')!));
  t.ok(isMulticast(parseIpv4('239.255.255.255')!));
  t.notOk(isMulticast(parseIpv4('223.255.255.255')!));
  t.notOk(isMulticast(0xffffffff));
  t.ok(isLoopback(parseIpv4('127.255.0.1')!));
  t.notOk(isLoopback(parseIpv4('128.0.0.1')!));
});
