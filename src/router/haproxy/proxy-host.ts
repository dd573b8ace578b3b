/** What the router needs of the machine to run its proxy: `host/haproxy.ts` does it, tests keep a record. */
export interface ProxyHost {
  /** Whether the proxy's process lives, whoever started it. */
  isRunning(): boolean
  /** What the running proxy was last brought to, as `noteApplied` was told; undefined: nobody knows. */
  applied(): string | undefined
  /** Remembered for who comes after us. Undefined: about to change. */
  noteApplied(mark: string | undefined): void
  /** Writes what differs, and removes what is not among them. Names are paths below the configuration's folder. */
  writeFiles(files: ReadonlyMap<string, string>): Promise<void>
  /** Resolves once it serves. Throws with the proxy's own words when it does not start. */
  start(): Promise<void>
  /** Takes up a running one that somebody before us started: keeps its log, hears of its end. */
  adopt(): Promise<void>
  /** Reads the files anew without losing a connection; resolves once the new ones hold. Throws when they are refused: the old ones hold on. */
  reload(): Promise<void>
  /**
   * What the proxy's program has against these files, in few words; undefined: it takes them. They are written to another folder for it, and nothing
   * that runs hears of it.
   */
  refusal(filesAt: (directory: string) => Promise<ReadonlyMap<string, string>>): Promise<string | undefined>
  /** Ends the proxy and its connections. */
  stop(): Promise<void>
  /** One command at run time, and the answer to it. */
  command(text: string): Promise<string>
  /** Why this port of this address cannot be had; undefined: it is free. One that the proxy has itself counts as free. */
  portHolder(address: string, port: number): Promise<string | undefined>
  /** Called when the process ended without being told to. Returns how to stop hearing of it. */
  onExit(listener: () => void): () => void
}
