import type { Clock } from '#lib/clock.ts'
import type { Files } from '../interfaces.ts'
import { type DnsConfig, parseResolvConf } from './dns.ts'

/**
 * How the node itself resolves names. Read anew for whoever asks a second after the last read began: the many pods of a burst, each of which asks
 * several times, share one read.
 */
export function createNodeDns(files: Pick<Files, 'read'>, clock: Clock, path: string): () => Promise<DnsConfig> {
  let last: { readonly atMs: number; readonly answer: Promise<DnsConfig> } | undefined
  const read = async (): Promise<DnsConfig> => {
    const resolvConf = await files.read(path, RESOLV_CONF_LIMIT_BYTES)
    return parseResolvConf(resolvConf === undefined ? '' : Buffer.from(resolvConf).toString())
  }
  return () => {
    const atMs = clock.monotonicMs()
    if (last !== undefined && atMs - last.atMs < FRESH_MS) return last.answer
    const answer = read()
    last = { atMs, answer }
    // One that failed is no answer for the next.
    answer.catch(() => {
      if (last?.answer === answer) last = undefined
    })
    return answer
  }
}

const FRESH_MS = 1_000
const RESOLV_CONF_LIMIT_BYTES = 64 * 1024
