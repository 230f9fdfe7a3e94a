/** VPCS as a PC at home. It has a stack of its own, and needs neither root nor a namespace. */
import type { DhcpRow } from '../../devices/control.js';
import { freePorts } from '../e2e/free-ports.js';
import { netarium } from '../e2e/netarium.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { miniInternet } from './support/topology-file.js';
import { Vpcs } from './support/vpcs.js';

const WEB = '203.0.113.80';

interopTest(
  'VPCS behind a UDP port: DHCP, ping by ICMP, UDP and TCP, trace, names',
  { tools: ['vpcs', 'script'] },
  async (t) => {
    const net = netarium(t, { limitMs: LIMIT_MS });
    const echo = (text: string) => text.replace(`address: ${WEB}\n`, `address: ${WEB}\n    services: [echo]\n`);
    await net.up('interop-vpcs', miniInternet(t, echo));
    const [ours, theirs] = await freePorts(2);
    const ends = ['--local', `127.0.0.1:${ours}`, '--remote', `127.0.0.1:${theirs}`];
    t.match(await net.run('attach', 'home-switch', '--encap', 'udp', ...ends), { exitStatus: 0 });
    const pc = await Vpcs.start(t, theirs, ours);

    t.match(await pc.type('ip dhcp'), /DORA IP 192\.168\.1\.1\d\d\/24 GW 192\.168\.1\.1\n/);
    const settings = await pc.type('show ip');
    t.match(settings, /DOMAIN NAME : home\.arpa/);
    t.match(settings, /DNS +: 192\.168\.1\.1/);
    const [, address] = /IP\/MASK +: ([\d.]+)\/24/.exec(settings) ?? [];

    const replies = (text: string) => text.split('\n').filter((line) => / ttl=\d+ time=/.test(line));
    const answers = async (count: number, ttl: number, command: string) => {
      const lines = replies(await pc.type(command));
      t.equal(lines.filter((line) => line.includes(` ttl=${ttl} `)).length, count, `${command}\n${lines.join('\n')}`);
    };
    await answers(2, 64, 'ping 192.168.1.1 -c 2');
    await answers(2, 59, `ping ${WEB} -c 2`);
    await answers(2, 59, `ping ${WEB} -c 2 -l 1400`);
    await answers(2, 59, `ping ${WEB} -2 -p 7 -c 2`);
    await answers(6, 59, `ping ${WEB} -3 -p 80 -c 2`);
    await answers(6, 59, `ping ${WEB} -3 -p 7 -c 2`);
    t.match(await pc.type('ping www.server.com -c 1'), /www\.server\.com resolved to 203\.0\.113\.80\n.* ttl=59 /s);
    t.match(await pc.type(`ping ${WEB} -3 -p 81 -c 1`), /RST/i);
    t.match(
      await pc.type(`trace ${WEB}`),
      /\n *1 +192\.168\.1\.1 .*\n *6 +\*203\.0\.113\.80 .*type:3, code:3, Destination port unreachable/s,
    );

    const back = await net.run('exec', 'laptop', 'ping', '-c', '2', '-i', '0.2', address);
    t.match(back, { exitStatus: 0, stdout: /2 packets transmitted, 2 received, 0% packet loss/ });
    const leases = await net.json<DhcpRow[]>('inspect', 'home-router', 'dhcp');
    t.match(leases.at(-1), { address, mac: '00:50:79:66:68:0a', hostName: 'VPCS1' });
  },
);
