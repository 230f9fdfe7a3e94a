/** What tcpdump 4.99.3 prints of the assorted packets, but for the IEEE 802.3 one, which it reads deeper. */

/** `-nt` */
export const PLAIN = `ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 46
ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:0a, length 46
ARP, Request who-has 10.0.0.1 tell 0.0.0.0, length 46
ARP, Request who-has 10.0.0.1 tell 10.0.0.1, length 46
IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 1000, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0
IP 10.0.0.2.80 > 10.0.0.1.49152: Flags [S.], seq 5000, ack 1001, win 64240, options [mss 1400], length 0
IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [.], ack 1, win 64240, length 0
IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [P.], seq 1:91, ack 1, win 64240, length 90: HTTP: GET /index.html?a=b HTTP/1.1
IP 10.0.0.2.80 > 10.0.0.1.49152: Flags [P.], seq 1:94, ack 91, win 64240, length 93: HTTP: HTTP/1.1 404 Not Found
IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [.], ack 1, win 64240, options [nop,nop,sack 2 {1000:2000}{3000:4000}], length 0
IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [F.], seq 91, ack 94, win 64240, length 0
IP 10.0.0.2.80 > 10.0.0.1.49152: Flags [R], seq 5094, win 0, length 0
IP 10.0.0.1.5000 > 10.0.0.2.7000: Flags [P.U], seq 1000:1017, ack 0, win 64240, urg 3, length 17
IP 10.0.0.1.5001 > 10.0.0.2.8080: Flags [SEW], seq 1000, win 64240, length 0
IP 10.0.0.1.5002 > 10.0.0.2.8081: Flags [.], ack 0, win 64240, length 0
IP 10.0.0.1.40000 > 10.0.0.2.53: 12345+ A? www.server.com. (32)
IP 10.0.0.2.53 > 10.0.0.1.40000: 12345 3/1/1 CNAME web.server.com., A 203.0.113.80, A 203.0.113.81 (127)
IP 10.0.0.1.40001 > 10.0.0.2.53: 7 ANY? server.com. (28)
IP 10.0.0.2.53 > 10.0.0.1.40001: 7*- 4/0/0 MX mail.server.com. 10, TXT "v=spf1 -all" "second", HINFO, PTR a.server.com. (139)
IP 10.0.0.2.53 > 10.0.0.1.40002: 9 NXDomain- 0/1/0 (77)
IP 10.0.0.2.53 > 10.0.0.1.40003: 10-| 0/0/0 (21)
IP 10.0.0.1.40000 > 10.0.0.2.53: Flags [P.], seq 1:35, ack 1, win 64240, length 34 12345+ A? www.server.com. (32)
IP 10.0.0.1.1234 > 10.0.0.2.9: UDP, length 12
IP 10.0.0.1.1235 > 10.0.0.2.9: UDP, length 11
IP 10.0.0.1.1236 > 10.0.0.2.9: UDP, length 12
IP 10.0.0.1.1237 > 10.0.0.2.9: UDP, length 0
IP 10.0.0.1.1238 > 10.0.0.2.53: domain [length 7 < 12] (invalid)
IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 64
IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 1, seq 2, length 64
IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 53 unreachable, length 68
IP 192.0.2.1 > 10.0.0.1: ICMP host 10.0.0.2 unreachable, length 36
IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 unreachable - need to frag (mtu 1400), length 36
IP 192.0.2.1 > 10.0.0.1: ICMP time exceeded in-transit, length 52
IP 10.0.0.2 > 10.0.0.1: ICMP ip reassembly time exceeded, length 42
IP 10.0.0.2 > 10.0.0.1: ICMP redirect 10.0.0.2 to host 10.0.0.254, length 36
IP 10.0.0.1 > 10.0.0.2: ICMP time stamp query id 3 seq 4, length 20
IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 0, seq 1, length 20
IP 10.0.0.1.2000 > 10.0.0.2.2001: UDP, length 800
IP 10.0.0.1 > 10.0.0.2: ip-proto-17
IP 10.0.0.1 > 10.0.0.2:  ip-proto-99 16
IP 10.0.0.1.3000 > 10.0.0.2.3001: UDP, length 7
IP 10.0.0.1.3002 > 10.0.0.2.3003: UDP, length 19
IP 10.0.0.1.4000 > 10.0.0.2.4001: UDP, length 6
02:00:00:00:00:0a > 02:00:00:00:00:0b, ethertype Unknown (0x88b5), length 60: 
	0x0000:  6578 7065 7269 6d65 6e74 616c 0000 0000  experimental....
	0x0010:  0000 0000 0000 0000 0000 0000 0000 0000  ................
	0x0020:  0000 0000 0000 0000 0000 0000 0000       ..............`;

/** `-nt -vv` */
export const VERY_VERBOSE = `ARP, Ethernet (len 6), IPv4 (len 4), Request who-has 10.0.0.2 tell 10.0.0.1, length 46
ARP, Ethernet (len 6), IPv4 (len 4), Reply 10.0.0.1 is-at 02:00:00:00:00:0a, length 46
ARP, Ethernet (len 6), IPv4 (len 4), Request who-has 10.0.0.1 tell 0.0.0.0, length 46
ARP, Ethernet (len 6), IPv4 (len 4), Request who-has 10.0.0.1 tell 10.0.0.1, length 46
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 60)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [S], cksum 0x74d3 (correct), seq 1000, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 44)
    10.0.0.2.80 > 10.0.0.1.49152: Flags [S.], cksum 0xb19d (correct), seq 5000, ack 1001, win 64240, options [mss 1400], length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [.], cksum 0xc91e (correct), seq 1, ack 1, win 64240, length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 130)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [P.], cksum 0x8ee7 (correct), seq 1:91, ack 1, win 64240, length 90: HTTP, length: 90
	GET /index.html?a=b HTTP/1.1
	Host: www.server.com
	User-Agent: netarium
	Cookie: id=1
	
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 133)
    10.0.0.2.80 > 10.0.0.1.49152: Flags [P.], cksum 0x0a7f (correct), seq 1:94, ack 91, win 64240, length 93: HTTP, length: 93
	HTTP/1.1 404 Not Found
	Server: netarium
	Content-Type: text/plain
	Content-Length: 4
	
	none [|http]
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 60)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [.], cksum 0xfd6c (correct), seq 91, ack 1, win 64240, options [nop,nop,sack 2 {1000:2000}{3000:4000}], length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [F.], cksum 0xc866 (correct), seq 91, ack 94, win 64240, length 0
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.2.80 > 10.0.0.1.49152: Flags [R], cksum 0xc7a7 (correct), seq 5094, win 0, length 0
IP (tos 0xb9,ECT(1), ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 57)
    10.0.0.1.5000 > 10.0.0.2.7000: Flags [P.U], cksum 0x98e3 (correct), seq 1000:1017, ack 0, win 64240, urg 3, length 17
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.5001 > 10.0.0.2.8080: Flags [SEW], cksum 0x692e (correct), seq 1000, win 64240, length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.5002 > 10.0.0.2.8081: Flags [.], cksum 0x6d79 (incorrect -> 0x6e78), seq 77, ack 0, win 64240, length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 60)
    10.0.0.1.40000 > 10.0.0.2.53: [udp sum ok] 12345+ A? www.server.com. (32)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 155)
    10.0.0.2.53 > 10.0.0.1.40000: [udp sum ok] 12345 q: A? www.server.com. 3/1/1 www.server.com. CNAME web.server.com., web.server.com. A 203.0.113.80, web.server.com. A 203.0.113.81 ns: server.com. NS ns.server.com. ar: ns.server.com. AAAA 2001:db8::1 (127)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 56)
    10.0.0.1.40001 > 10.0.0.2.53: [udp sum ok] 7 ANY? server.com. (28)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 167)
    10.0.0.2.53 > 10.0.0.1.40001: [udp sum ok] 7*- q: ANY? server.com. 4/0/0 server.com. MX mail.server.com. 10, server.com. TXT "v=spf1 -all" "second", server.com. HINFO, 1.0.0.10.in-addr.arpa. PTR a.server.com. (139)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 105)
    10.0.0.2.53 > 10.0.0.1.40002: [udp sum ok] 9 NXDomain- q: AAAA? no.such.name. 0/1/0 ns: . SOA a.root. admin.root. 7 3600 600 86400 300 (77)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 49)
    10.0.0.2.53 > 10.0.0.1.40003: [udp sum ok] 10-| q: TXT? big. 0/0/0 (21)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 74)
    10.0.0.1.40000 > 10.0.0.2.53: Flags [P.], cksum 0x3337 (correct), seq 1:35, ack 1, win 64240, length 34 12345+ A? www.server.com. (32)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 40)
    10.0.0.1.1234 > 10.0.0.2.9: [udp sum ok] UDP, length 12
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 39)
    10.0.0.1.1235 > 10.0.0.2.9: [no cksum] UDP, length 11
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 40)
    10.0.0.1.1236 > 10.0.0.2.9: [bad udp cksum 0x0101 -> 0x76b8!] UDP, length 12
IP (tos 0x0, ttl 1, id 4711, offset 0, flags [none], proto UDP (17), length 28)
    10.0.0.1.1237 > 10.0.0.2.9: [udp sum ok] UDP, length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 35)
    10.0.0.1.1238 > 10.0.0.2.53: [udp sum ok] domain [length 7 < 12] (invalid)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 84)
    10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 64
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 84)
    10.0.0.2 > 10.0.0.1: ICMP echo reply, id 1, seq 2, length 64
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 88)
    10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 53 unreachable, length 68
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto UDP (17), length 60)
    10.0.0.1.40000 > 10.0.0.2.53: [udp sum ok] 12345+ A? www.server.com. (32)
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 56)
    192.0.2.1 > 10.0.0.1: ICMP host 10.0.0.2 unreachable, length 36
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto UDP (17), length 60)
    10.0.0.1.40000 > 10.0.0.2.53:  [|domain]
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 56)
    10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 unreachable - need to frag (mtu 1400), length 36
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 1040)
    10.0.0.1.49152 > 10.0.0.2.80:  [|tcp]
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 72)
    192.0.2.1 > 10.0.0.1: ICMP time exceeded in-transit, length 52
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto TCP (6), length 44)
    10.0.0.1.49152 > 10.0.0.2.80: Flags [S], cksum 0xc4fa (correct), seq 1000, win 64240, options [mss 1460], length 0
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 62)
    10.0.0.2 > 10.0.0.1: ICMP ip reassembly time exceeded, length 42
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 34)
    10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 8, length 14
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 56)
    10.0.0.2 > 10.0.0.1: ICMP redirect 10.0.0.2 to host 10.0.0.254, length 36
	IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto UDP (17), length 60)
    10.0.0.1.40000 > 10.0.0.2.53:  [|domain]
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 40)
    10.0.0.1 > 10.0.0.2: ICMP time stamp query id 3 seq 4, length 20
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto ICMP (1), length 40)
    10.0.0.1 > 10.0.0.2: ICMP echo request, id 0, seq 1, length 20 (wrong icmp cksum eed0 (->87d0)!)
IP (tos 0x0, ttl 64, id 99, offset 0, flags [+], proto UDP (17), length 420)
    10.0.0.1.2000 > 10.0.0.2.2001: UDP, length 800
IP (tos 0x0, ttl 64, id 98, offset 800, flags [none], proto UDP (17), length 340)
    10.0.0.1 > 10.0.0.2: ip-proto-17
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto unknown (99), length 36)
    10.0.0.1 > 10.0.0.2:  ip-proto-99 16
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto UDP (17), length 39, options (RA))
    10.0.0.1.3000 > 10.0.0.2.3001: [udp sum ok] UDP, length 7
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [none], proto UDP (17), length 47, bad cksum 1255 (->5455)!)
    10.0.0.1.3002 > 10.0.0.2.3003: [udp sum ok] UDP, length 19
IP (tos 0x0, ttl 64, id 4711, offset 0, flags [DF], proto UDP (17), length 34)
    10.0.0.1.4000 > 10.0.0.2.4001: [udp sum ok] UDP, length 6
02:00:00:00:00:0a > 02:00:00:00:00:0b, ethertype Unknown (0x88b5), length 60: 
	0x0000:  6578 7065 7269 6d65 6e74 616c 0000 0000  experimental....
	0x0010:  0000 0000 0000 0000 0000 0000 0000 0000  ................
	0x0020:  0000 0000 0000 0000 0000 0000 0000       ..............`;
