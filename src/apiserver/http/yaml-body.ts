import { Worker } from 'node:worker_threads'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest } from '#lib/http.ts'
import { parseJson } from '#schema/json.ts'
import { type ParsedYaml, parseYaml } from '#schema/yaml.ts'
import { isApplyType } from '../registry/patch.ts'
import { mediaType } from './negotiate.ts'

/** What came of reading a text; `problem` is the message of the `SyntaxError` that it is to be. */
export type ReadYaml = ParsedYaml | { readonly problem: string }

/** The body as YAML. Throws a `SyntaxError`. */
export function yamlOf(body: Uint8Array): ParsedYaml {
  const known = read.get(body)
  if (known === undefined) return parseYaml(Buffer.from(body).toString())
  if ('problem' in known) throw new SyntaxError(known.problem)
  return known
}

/** The same of an applied configuration. Most programs send JSON, which is YAML too, and read much faster as what it is. */
export const appliedYamlOf = (body: Uint8Array): ParsedYaml => (read.has(body) ? undefined : asJson(body)) ?? yamlOf(body)

/** Bodies that were read ahead. */
const read = new WeakMap<Uint8Array, ReadYaml>()

/** Reads a request's body ahead where that would hold everybody else up; undefined where there is nothing to wait for. */
export type ReadAhead = (request: Pick<HttpRequest, 'body' | 'headers' | 'signal'>) => Promise<void> | undefined

/**
 * YAML takes its reader a second a megabyte, a hundred times what JSON takes: a long text is read in a thread of its own, one at a time, with
 * bounds on time and memory, while all other requests go on. Whoever is gone is passed over, so that those who wait are never more than there are
 * requests.
 */
export function createReadAhead(clock: Clock): ReadAhead {
  let last: Promise<void> = Promise.resolve()
  return (request) => {
    const { body, headers } = request
    if (body === undefined || body.byteLength <= atOnceBytes) return undefined
    const type = headers['content-type']
    if (isApplyType(type)) {
      const json = asJson(body)
      if (json !== undefined) {
        read.set(body, json)
        return undefined
      }
    } else if (mediaType(type) !== 'application/yaml') return undefined
    const { signal } = request
    last = last.then(async () => void read.set(body, await inThread(body, clock, signal)))
    return last
  }
}

function inThread(body: Uint8Array, clock: Clock, signal: AbortSignal | undefined): Promise<ReadYaml> {
  if (signal?.aborted) return Promise.resolve(unread)
  const worker = new Worker(new URL('./yaml-thread.ts', import.meta.url), { workerData: Buffer.from(body).toString(), resourceLimits })
  return new Promise((resolve) => {
    const end = (outcome: ReadYaml): void => {
      forget()
      signal?.removeEventListener('abort', leave)
      void worker.terminate()
      resolve(outcome)
    }
    const leave = (): void => end(unread)
    const forget = clock.schedule(clock.now() + longestMs, () => end({ problem: 'yaml: document takes too long to read' }))
    signal?.addEventListener('abort', leave, { once: true })
    worker.once('message', end)
    // It ran out of memory: whatever else goes wrong with a text, the thread answers.
    worker.once('error', () => end({ problem: 'yaml: document is too complex' }))
  })
}

/** Must not be read here either: nobody is there any more to be answered. */
const unread: ReadYaml = { problem: 'yaml: nobody waits for the document' }

/** `undefined`: not where YAML would say anything else. */
function asJson(body: Uint8Array): ParsedYaml | undefined {
  if (body[0] !== openBrace) return undefined
  const text = Buffer.from(body).toString()
  if (onlyYaml.test(text)) return undefined
  try {
    const { value, duplicates } = parseJson(text, { depthMax: 100 })
    return duplicates.length === 0 ? { value, duplicates } : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

const openBrace = 0x7b
/** Long numbers, escapes, tabs and control characters, and keys of a kilobyte, mean other things to a YAML parser, or are none of its. */
const onlyYaml = /\d{15}|\\[u/]|[\t\u007f-\u009f\ufeff\ufffe\uffff]|"[^"]{1000}[^"]*"\s*:/

/** What is read in some hundredths of a second; people write nothing longer by hand. */
const atOnceBytes = 32 * 1024
/** The longest body of the most costly sort takes two thirds of it on a slow machine. */
const longestMs = 15_000
/** A hundred and fifty times the longest body, which is what its tokens and nodes take. */
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 }
