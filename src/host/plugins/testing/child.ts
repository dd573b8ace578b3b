import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A plug-in in a process of its own, as a test drives it. */
export interface Plugin {
  /** All that it said, in order: what it was called with, and what became of its registration. */
  readonly said: readonly Said[]
  /** Resolves with the next thing of this kind that it says, from the first one that nobody waited for. */
  next(kind: string): Promise<Said>
  /** Tells it to be otherwise; resolves once it is. */
  tell(command: object): Promise<void>
  /** Ends it without a word of farewell. */
  kill(): Promise<void>
}

export interface Said {
  readonly kind: string
  readonly [field: string]: unknown
}

/** Starts `program` (a file beside this one) with its settings; it lives until `kill`, or until the test's process ends. */
export function startPlugin(program: string, settings: object): Plugin {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said: Said[] = []
  const taken = new Map<string, number>()
  let wake = new Set<() => void>()
  createInterface({ input: child.stdout! }).on('line', (line) => {
    said.push(JSON.parse(line))
    const all = wake
    wake = new Set()
    for (const one of all) one()
  })
  const ended = once(child, 'exit')
  async function next(kind: string): Promise<Said> {
    const index = taken.get(kind) ?? 0
    taken.set(kind, index + 1)
    for (;;) {
      const found = said.filter((one) => one.kind === kind)[index]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => wake.add(resolve))
    }
  }
  return {
    said,
    next,
    async tell(command) {
      child.stdin!.write(`${JSON.stringify(command)}\n`)
      await next('told')
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** In the plug-in's process: its settings, what it says, and what it is told. It ends with its parent. */
export function asPlugin<S>(told: (command: Record<string, unknown>) => void): {
  readonly settings: S
  say(kind: string, fields?: object): void
} {
  const say = (kind: string, fields: object = {}) => void process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`)
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    told(JSON.parse(line))
    say('told')
  })
  lines.on('close', () => process.exit(0))
  return { settings: JSON.parse(process.argv[2]!) as S, say }
}
