import t from 'tap';
import { list, number, object, oneOf, record } from '../../devices/control/check.js';
import { checkDeviceConfig, type DeviceConfig } from '../../devices/control.js';

const HOST: DeviceConfig = {
  lab: 'hello',
  name: 'client',
  kind: 'host',
  seed: 1,
  control: '/run/hello/client.sock',
  ports: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.2/24'] }],
};

const SWITCH = { lab: 'hello', name: 'sw', kind: 'switch', seed: 'x', control: '/s', ports: [{ name: '1' }] };

/** The host with these members in place of its own. */
function fault(change: object): unknown {
  return checkDeviceConfig({ ...HOST, ...change });
}

function portFault(change: object): unknown {
  return fault({ ports: [{ ...HOST.ports[0], ...change }] });
}

t.test('a sound config is returned as it is', async (t) => {
  t.equal(checkDeviceConfig(HOST), HOST);
  t.equal(checkDeviceConfig(SWITCH), SWITCH, 'a switch needs no MAC addresses');
});

t.test('a config with all that there is', async (t) => {
  const local = { address: '127.0.0.1', port: 20000 };
  const tunnel = { encapsulation: 'native', local, remote: { ...local, port: 20001 } };
  const impairment = { delayMs: 1, jitterMs: 0.5, loss: 0.1, duplicate: 0, reorder: 1, corrupt: 0, rateBps: 1e6 };
  const site = { names: ['a'], root: '/srv', redirects: [{ from: '/', to: '/b', status: 301 }], echoPath: '/echo' };
  const full = {
    ...HOST,
    logFile: '/run/client.log',
    logLevel: 'debug',
    supervisor: '/run/lab.sock',
    attachedFile: '/run/client.attached.json',
    ports: [{ ...HOST.ports[0], link: 'client:eth0 -- sw:1', dhcp: false, mtu: 1500, tunnel, impairment }],
    routes: [{ destination: '0.0.0.0/0', gateway: '192.0.2.1', interface: 'eth0', metric: 0 }],
    resolver: { servers: ['192.0.2.53'], domain: 'server.com', hosts: { printer: ['192.0.2.9'] } },
    web: { port: 80, sites: [site] },
    services: ['echo', 'chargen'],
    macAgeSeconds: 300,
    dhcpServers: [
      {
        interface: 'eth0',
        from: '192.0.2.100',
        to: '192.0.2.199',
        leaseSeconds: 3600,
        reservations: { '02:00:00:00:00:09': '192.0.2.9' },
      },
    ],
    dnsForwarder: { servers: ['192.0.2.53'] },
    dns: {
      zones: [
        { name: '.', records: [{ name: '@', type: 'NS', ttlSeconds: 60, data: 'a.root.' }] },
        {
          name: 'server.com',
          records: [{ name: '@', type: 'TYPE65280', data: '\\# 0' }],
          primaries: ['192.0.2.4'],
          transfer: ['192.0.2.0/24', '198.51.100.1'],
          update: ['192.0.2.1'],
          notify: ['192.0.2.2'],
          weights: { 'www.server.com.': { '192.0.2.80': 3 } },
        },
      ],
      recursion: true,
      rootHints: [{ name: 'a.root', address: '198.51.100.1' }],
    },
    timing: { tcpMslMs: 100, arpReachableMs: 1000 },
    tcp: { congestionControl: 'reno', ecn: 'request' },
  };
  t.equal(checkDeviceConfig(full), full);
});

t.test('what is wrong is told with its place', async (t) => {
  t.equal(checkDeviceConfig(null), 'the file: expected an object, got null');
  t.equal(checkDeviceConfig([HOST]), `the file: expected an object, got ${JSON.stringify([HOST]).slice(0, 37)}…`);
  t.match(checkDeviceConfig({}), /^lab: is missing$/);
  t.equal(fault({ kind: 'toaster' }), 'kind: expected one of host, switch, hub, router, dns-server, got "toaster"');
  t.equal(fault({ name: '' }), 'name: expected a text, got ""');
  t.equal(fault({ seed: null }), 'seed: expected a number or a text, got null');
  t.equal(fault({ routes: {} }), 'routes: expected a list, got {}');
  t.equal(
    fault({ routes: [{ destination: '10.0.0.0' }] }),
    'routes[0].destination: expected an address with its prefix length such as 192.0.2.1/24, got "10.0.0.0"',
  );
  const faultOfZone = (zone: object) => fault({ dns: { zones: [{ name: 'x', records: [], ...zone }] } });
  t.equal(
    faultOfZone({ records: [{ name: 'a', type: 'B', data: 'c' }] }),
    'dns.zones[0].records[0].type: expected a type of DNS records such as MX or TYPE65280, got "B"',
  );
  t.equal(
    faultOfZone({ transfer: ['any'] }),
    'dns.zones[0].transfer[0]: expected an IPv4 address or a subnet such as 192.0.2.0/24, got "any"',
  );
  t.equal(
    faultOfZone({ weights: { a: { '1.1.1.1': -1 } } }),
    'dns.zones[0].weights.a.1.1.1.1: expected a whole number from 0 to 65535, got -1',
  );
  t.equal(fault({ resolver: { hosts: { a: '1.2.3.4' } } }), 'resolver.hosts.a: expected a list, got "1.2.3.4"');
  t.equal(
    fault({ services: ['ekko'] }),
    'services[0]: expected one of echo, discard, daytime, chargen, iperf, got "ekko"',
  );
  t.equal(fault({ macAgeSeconds: 0 }), 'macAgeSeconds: expected a number of at least 1, got 0');
});

t.test('what is wrong with a port', async (t) => {
  t.equal(portFault({ mac: '02:00' }), 'ports[0].mac: expected a MAC address such as 02:00:00:00:00:01, got "02:00"');
  t.equal(portFault({ mac: undefined }), 'ports[0].mac: is missing');
  t.equal(portFault({ mtu: 67 }), 'ports[0].mtu: expected a whole number from 68 to 65535, got 67');
  t.equal(portFault({ mtu: 1500.5 }), 'ports[0].mtu: expected a whole number from 68 to 65535, got 1500.5');
  t.equal(portFault({ impairment: { loss: 1.1 } }), 'ports[0].impairment.loss: expected a number from 0 to 1, got 1.1');
  t.match(portFault({ impairment: { lost: 1 } }), /^ports\[0\]\.impairment\.lost: unknown key; known are delayMs, /);
  t.match(portFault({ tunnel: { encapsulation: 'native' } }), /^ports\[0\]\.tunnel\.local: is missing$/);
  t.equal(fault({ ports: [HOST.ports[0], HOST.ports[0]] }), 'ports: two ports have the name eth0');
});

t.test('how TCP behaves', async (t) => {
  t.match(fault({ tcp: {} }), { tcp: {} });
  t.match(
    fault({ tcp: { congestionControl: 'bbr' } }),
    /^tcp.congestionControl: expected one of cubic, reno, got "bbr"/,
  );
  t.match(fault({ tcp: { ecn: true } }), /^tcp.ecn: expected one of accept, request, off, got true/);
});

t.test('names of Object.prototype are keys like others', async (t) => {
  t.match(checkDeviceConfig(JSON.parse('{"__proto__": 1, "constructor": 2}')), /^__proto__: unknown key/);
  t.match(fault({ toString: 1 }), /^toString: unknown key/);
});

t.test('checkers: the first fault is told, undefined means none', async (t) => {
  t.equal(list(number(0))([1, -1, 'x'], 'a'), 'a[1]: expected a number of at least 0, got -1');
  t.equal(record(oneOf([1, 2]))({ x: 2, y: 3 }, 'a'), 'a.y: expected one of 1, 2, got 3');
  t.equal(record(number(0))([], 'a'), 'a: expected an object, got []');
  t.equal(number(0)(Number.NaN, 'a'), 'a: expected a number of at least 0, got null');
  t.equal(number(0)(undefined, 'a'), 'a: expected a number of at least 0, got nothing');
  t.equal(object({}, { b: number(0) })({ b: undefined }, 'a'), undefined, 'undefined is as good as absent');
});

t.test('tunnels: each encapsulation with what it needs, no UDP port twice', async (t) => {
  const local = { address: '127.0.0.1', port: 20000 };
  const tunnel = { encapsulation: 'vxlan', local, remote: { ...local, port: 20001 }, vni: 42 };
  const { vni: _vni, ...noVni } = tunnel;
  const sound = { ...HOST, ports: [{ ...HOST.ports[0], tunnel, impairmentIn: { loss: 0.1 } }] };
  t.equal(checkDeviceConfig(sound), sound);
  t.equal(portFault({ tunnel: noVni }), 'ports[0].tunnel.vni: is missing');
  t.equal(portFault({ tunnel: { ...tunnel, encapsulation: 'udp' } }), 'ports[0].tunnel.vni: only vxlan has one');
  t.match(portFault({ tunnel: { ...tunnel, vni: 2 ** 24 } }), /^ports\[0\]\.tunnel\.vni: expected a whole number/);
  t.equal(
    portFault({ tunnel: { ...tunnel, encapsulation: 'gre' } }),
    'ports[0].tunnel.encapsulation: expected one of native, udp, vxlan, got "gre"',
  );
  const other = { ...HOST.ports[0], name: 'eth1', tunnel: { ...tunnel, local: { address: '0.0.0.0', port: 20000 } } };
  t.equal(
    fault({ ports: [{ ...HOST.ports[0], tunnel }, other] }),
    'ports[1].tunnel.local: UDP 0.0.0.0:20000 is that of port eth0 already',
  );
});
