/** What a browser is started with, and what one is asked to do. */

export interface BrowserLaunch {
  readonly path: string;
  readonly argv: readonly string[];
  /** Besides the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** False when it accepts the servers' keys as they are, without a look at names and dates. */
  readonly checksCertificates: boolean;
}

export interface BrowserTask {
  readonly url: string;
  /** Of the SOCKS proxy on 127.0.0.1. */
  readonly proxyPort: number;
  /** An empty folder that is the browser's alone. */
  readonly profile: string;
  /** Without a window. */
  readonly headless: boolean;
  /** Where the picture of the page goes; then the browser ends by itself. */
  readonly screenshot?: string;
  /** Of the window, pixels. */
  readonly size?: { readonly width: number; readonly height: number };
}
