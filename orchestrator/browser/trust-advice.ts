/** How to have other programs trust the authority of a lab, by hand, and how to take that back. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliError } from '../errors.js';
import type { LabState } from '../lab/state.js';

export interface AuthorityFacts {
  readonly lab: string;
  /** Path of the certificate, PEM. */
  readonly file: string;
  /** As the tools of the systems name it. */
  readonly commonName: string;
  readonly fingerprint256: string;
}

/** Throws a CliError when nothing of the lab is served by https. */
export function authorityFacts({ name, authority }: LabState): AuthorityFacts {
  if (authority === undefined) {
    throw new CliError(1, `lab ${name} has no authority: nothing is served by https there`);
  }
  const { subject, fingerprint256 } = new X509Certificate(readFileSync(authority));
  return { lab: name, file: authority, commonName: /^CN=(.*)$/m.exec(subject)?.[1] ?? '', fingerprint256 };
}

interface Advice {
  readonly who: string;
  readonly trust: string;
  readonly takeBack?: string;
}

export function trustAdvice({ lab, file, commonName, fingerprint256 }: AuthorityFacts): string {
  const path = quoted(file);
  const nick = `'netarium ${lab}'`;
  const crt = `/usr/local/share/ca-certificates/netarium-${lab}.crt`;
  const advice: Advice[] = [
    { who: 'curl', trust: `curl --cacert ${path} --proxy socks5h://127.0.0.1:1080 https://…` },
    { who: 'wget', trust: `https_proxy=http://127.0.0.1:1080 wget --ca-certificate=${path} https://…` },
    { who: 'Node', trust: `NODE_EXTRA_CA_CERTS=${path} node …` },
    { who: 'Python', trust: `SSL_CERT_FILE=${path} REQUESTS_CA_BUNDLE=${path} python3 …` },
    {
      who: 'Chromium and Chrome on Linux',
      trust: `certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n ${nick} -i ${path}`,
      takeBack: `certutil -d "sql:$HOME/.pki/nssdb" -D -n ${nick}`,
    },
    {
      who: 'Firefox',
      trust: 'Settings, Privacy & Security, View Certificates, Authorities, Import: the file, for web sites',
      takeBack: 'the same list, Netarium, Delete or Distrust',
    },
    {
      who: 'Debian and Ubuntu, for all users',
      trust: `sudo cp ${path} ${crt} && sudo update-ca-certificates`,
      takeBack: `sudo rm ${crt} && sudo update-ca-certificates --fresh`,
    },
    {
      who: 'macOS, with Safari and Chrome there',
      trust: `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${path}`,
      takeBack: `security delete-certificate -t -c ${quoted(commonName)}`,
    },
    {
      who: 'Windows, with Edge and Chrome there',
      trust: `certutil -user -addstore Root "${file}"`,
      takeBack: `certutil -user -delstore Root "${commonName}"`,
    },
  ];
  const blocks = advice.map(({ who, trust, takeBack }) =>
    [who, `  ${trust}`, ...(takeBack === undefined ? [] : [`  and to take it back: ${takeBack}`])].join('\n'),
  );
  return [
    `${commonName}\n  ${file}\n  SHA-256 ${fingerprint256}`,
    [
      'It can vouch for the names and addresses of this lab alone, and its key is kept nowhere. The next `netarium up`',
      'makes another one. `netarium browse` needs none of what follows; programs that can be told about it, as the first',
      'four, are to be preferred to those that trust it until you take that back.',
    ].join('\n'),
    ...blocks,
  ].join('\n\n');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
