/**
 * Clients of a lab that want all that a device does: one that comes back waits until they listen to it, before its first
 * program starts. Else what a device sends in its first moments, a DHCPDISCOVER, would be in no capture.
 */
import type { RpcPeer } from '../../devices/control.js';

/** A follower that is held up must not hold the device up. */
const LISTEN_LIMIT_MS = 1000;

interface Gathering {
  readonly device: string;
  readonly missing: Set<RpcPeer>;
  done(): void;
}

export class Followers {
  private readonly peers = new Set<RpcPeer>();
  private readonly gatherings = new Set<Gathering>();

  add(peer: RpcPeer): void {
    this.peers.add(peer);
    peer.onClose(() => {
      this.peers.delete(peer);
      for (const gathering of this.gatherings) arrived(gathering, peer);
    });
  }

  /** This follower listens to the device, or will not. */
  listens(device: string, peer: RpcPeer): void {
    for (const gathering of this.gatherings) if (gathering.device === device) arrived(gathering, peer);
  }

  /** Resolves when all followers listen to the device, or have had the time. To be called before they are told of it. */
  async gathered(device: string): Promise<void> {
    if (this.peers.size === 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(limit);
        this.gatherings.delete(gathering);
        resolve();
      };
      const gathering: Gathering = { device, missing: new Set(this.peers), done };
      const limit = setTimeout(done, LISTEN_LIMIT_MS);
      this.gatherings.add(gathering);
    });
  }
}

function arrived({ missing, done }: Gathering, peer: RpcPeer): void {
  missing.delete(peer);
  if (missing.size === 0) done();
}
