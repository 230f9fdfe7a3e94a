/** The bytes of files that are being sent: however many answers have the same version of a file, it is in memory once. */
export class SharedBytes {
  private readonly held = new Map<string, WeakRef<Uint8Array>>();
  private readonly pending = new Map<string, Promise<Uint8Array>>();
  private readonly forgotten = new FinalizationRegistry<string>((version) => {
    if (this.held.get(version)?.deref() === undefined) this.held.delete(version);
  });

  /** `version` tells the file, as it is now, from all others. Rejects as `load` does. */
  async read(version: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.held.get(version)?.deref();
    if (known !== undefined) return known;
    return this.pending.get(version) ?? this.load(version, load);
  }

  private load(version: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const loading = load()
      .then((bytes) => {
        this.held.set(version, new WeakRef(bytes));
        this.forgotten.register(bytes, version);
        return bytes;
      })
      .finally(() => this.pending.delete(version));
    this.pending.set(version, loading);
    return loading;
  }
}
