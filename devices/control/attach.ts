/** `attach` and `detach`: what a running device is asked when something that is not ours is plugged in or out. */

import { MAX_VNI } from '../stack/wire/vxlan.js';
import { type Checker, integer, isText, object, oneOf } from './check.js';
import type { RpcParams } from './json-rpc.js';
import {
  FOREIGN_ENCAPSULATIONS,
  type ForeignEncapsulation,
  parseEndpointText,
  type TunnelConfig,
  tunnelFault,
} from './tunnel.js';

/** Params of `attach`. Endpoints are texts: `127.0.0.1:26000`. */
export interface AttachRequest {
  readonly encapsulation: ForeignEncapsulation;
  readonly local: string;
  /** The only peer that is listened to. */
  readonly remote: string;
  /** With `vxlan`, and only there: 0 … 2^24-1. */
  readonly vni?: number;
  /** The new port's name; the next free one when left out. */
  readonly port?: string;
}

/** What `attach` has made. */
export interface AttachedPort extends AttachRequest {
  readonly device: string;
  readonly port: string;
  /** `sw:3 -- udp 127.0.0.1:26000` */
  readonly link: string;
  /** Of a port with a stack above it. */
  readonly mac?: string;
}

const shape: Checker = object(
  { encapsulation: oneOf(FOREIGN_ENCAPSULATIONS), local: isText, remote: isText },
  { vni: integer(0, MAX_VNI), port: isText },
);

/** The tunnel that the params of `attach` describe, or what is wrong with them. */
export function tunnelOfRequest(params: RpcParams): TunnelConfig | string {
  const fault = shape(params, '');
  if (fault !== undefined) return fault;
  const { encapsulation, vni, ...texts } = params as unknown as AttachRequest;
  if (encapsulation === 'vxlan' && vni === undefined) return 'vxlan needs a VNI, which both ends must have in common';
  if (encapsulation !== 'vxlan' && vni !== undefined) return 'only vxlan has a VNI';
  const local = parseEndpointText(texts.local);
  if (typeof local === 'string') return `local: ${local}`;
  const remote = parseEndpointText(texts.remote);
  if (typeof remote === 'string') return `remote: ${remote}`;
  const mismatch = tunnelFault({ local, remote });
  if (mismatch !== undefined) return `${mismatch.member}: ${mismatch.message}`;
  return { encapsulation, local, remote, ...(vni !== undefined && { vni }) };
}
