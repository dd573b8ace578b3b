import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WherryError } from '#lib/errors.ts'

/** What a program is given. `env` is put over our own environment; `timeoutMs` absent: it takes as long as it takes. */
export interface RunOptions {
  readonly input?: Readable | string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Kills it. */
  readonly signal?: AbortSignal
  /** Folder to run in; absent: ours. */
  readonly directory?: string
  /** Exit codes beside 0 that the caller reads as an answer. */
  readonly accept?: readonly number[]
  /** Gets standard output and error as they come, instead of keeping them. */
  readonly onOutput?: (text: string) => void
}

/** How a program ended, and what it said, up to 16 MiB of each. */
export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const keptBytes = 16 << 20

/**
 * Runs a program of the machine to its end, without a shell. A missing program is `NotFound`, a limit passed is `Timeout`, a bad exit is
 * `InternalError` with the last lines of what it said.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    ...(options.signal && { signal: options.signal }),
    ...(options.directory !== undefined && { cwd: options.directory }),
  })
  const out = collect(child.stdout!, options.onOutput)
  const err = collect(child.stderr!, options.onOutput)
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new WherryError(cause.code === 'ENOENT' ? 'NotFound' : 'InternalError', `cannot run ${command}: ${cause.message}`, { cause })),
    )
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  // A program may end without reading its input to the end: its exit code says more than the broken pipe.
  if (options.input !== undefined) feed(child.stdin!, options.input).catch(() => child.stdin!.destroy())
  const { code, signal } = await ended
  const [stdout, stderr] = [await out, await err]
  if (code === 0 || (code !== null && options.accept?.includes(code))) return { code, stdout, stderr }
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-5).join('\n')
  if (signal === 'SIGKILL' && options.timeoutMs !== undefined)
    throw new WherryError('Timeout', `${command} did not end within ${options.timeoutMs} ms`)
  throw new WherryError('InternalError', `${command} ${args.slice(0, 3).join(' ')} ended with ${code ?? signal}: ${said}`)
}

async function feed(stdin: NodeJS.WritableStream, input: Readable | string | Uint8Array): Promise<void> {
  await pipeline(typeof input === 'string' || input instanceof Uint8Array ? [input] : input, stdin)
}

async function collect(stream: Readable, onOutput: ((text: string) => void) | undefined): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    if (onOutput) onOutput(part.toString())
    else if (sizeBytes < keptBytes) parts.push(part)
    sizeBytes += part.length
  }
  return Buffer.concat(parts).toString()
}
