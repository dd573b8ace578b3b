/** What can put a shutdown of the machine off, and tells of it: systemd-logind, where there is one; `host/` implements it. */
export interface ShutdownInhibitor {
  /**
   * Sees to it that a shutdown waits for `delayMs`, and calls back with true when one begins and with false when it was called off. Throws
   * `ServiceUnavailable` where nothing on this machine can do that. `onLost`: what was promised holds no more, and has to be asked for again.
   */
  hold(delayMs: number, onShutdown: (isBeginning: boolean) => void, onLost: (error: unknown) => void): Promise<HeldShutdown>
}

export interface HeldShutdown {
  /** The shutdown need not wait any longer. Safe to call twice. */
  release(): Promise<void>
  /** The shutdown was called off: the next one has to wait as well. */
  renew(): Promise<void>
  /** Gives up both the hold and the watch. */
  close(): Promise<void>
}
