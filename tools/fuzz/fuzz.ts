import { isError } from '#lib/errors.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import type { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

/** How long a target is fed, and by what chance: with one seed the same inputs come again, but for what coverage keeps. */
export interface FuzzOptions {
  readonly seed: number
  /** Ends it after so many seconds of time, or so many inputs. */
  readonly seconds?: number
  readonly inputs?: number
  /** Begun before the target's code was imported. Without it every input is a change of a seed: quicker, and blind. */
  readonly coverage?: Coverage
  /** Of processor time, for an input of 64 KiB and less; default 100. What takes longer is a finding. */
  readonly hangMs?: number
}

/** What was fed, and what it reached. */
export interface FuzzResult {
  readonly inputs: number
  /** Inputs that were kept because they reached something new, seeds included. */
  readonly kept: number
  /** Pieces of code reached, each also for how often in a row. */
  readonly covered: number
  readonly slowestMs: number
}

/** An input that crashed, hung, or was not understood the same way twice. */
export class Finding extends Error {
  readonly input: Uint8Array

  constructor(target: string, input: Uint8Array, what: string, cause?: unknown) {
    super(`${target}: ${what} on ${JSON.stringify(Buffer.from(input).toString('latin1').slice(0, 300))}`, { cause })
    this.name = 'Finding'
    this.input = input
  }
}

/** Feeds a target with changed inputs, keeping those that reach code nothing reached before. Throws the first `Finding`. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, seconds = Infinity, inputs = Infinity, coverage, hangMs = 100 } = options
  const random = seededRandom(seed).fork(target.name)
  const words = target.words.map((word) => Buffer.from(word, 'latin1'))
  const corpus: Uint8Array[] = target.seeds.map((input) => (typeof input === 'string' ? Buffer.from(input) : input))
  const reached = new Set<string>()
  const isNew = async (): Promise<boolean> => {
    const before = reached.size
    for (const piece of (await coverage?.take()) ?? []) reached.add(piece)
    return reached.size > before
  }
  // Whatever is made at the first use is no input's fault, and no input's merit.
  for (const input of corpus) tryOut(target, input)
  await coverage?.take()
  let slowestMs = 0
  let count = 0
  for (const input of corpus) slowestMs = Math.max(slowestMs, tried(target, input, hangMs))
  if (coverage !== undefined && !(await isNew()))
    throw new Error(`${target.name}: coverage began after its code was compiled, and counts none of it`)
  for (const startedAt = performance.now(); count < inputs && performance.now() - startedAt < seconds * 1_000; ) {
    const batch: Uint8Array[] = []
    for (; batch.length < batchSize && count < inputs; count += 1) {
      const input = mutate(chosen(corpus, random), chosen(corpus, random), words, random)
      batch.push(input)
      slowestMs = Math.max(slowestMs, tried(target, input, hangMs))
    }
    // Asking is dear, so it is asked of many at once, and all of them are kept.
    if (await isNew()) corpus.push(...batch.slice(0, keptMax - corpus.length))
  }
  return { inputs: count, kept: corpus.length, covered: reached.size, slowestMs: Math.round(slowestMs) }
}

const batchSize = 8
const keptMax = 20_000

/** Newer ones more often: what was reached last is where more may be. */
const chosen = (corpus: readonly Uint8Array[], random: Random): Uint8Array =>
  corpus[random.below(2) === 0 ? random.below(corpus.length) : corpus.length - 1 - random.below(Math.min(corpus.length, 64))]!

/** One try, judged. Answers the milliseconds it took. */
function tried(target: Target, input: Uint8Array, hangMs: number): number {
  let ms = tryOut(target, input)
  // A pause of the collector is nobody's fault: what is slow is so again.
  for (let again = 0; ms > hangMs && again < 3; again += 1) ms = Math.min(ms, tryOut(target, input))
  if (ms > hangMs) throw new Finding(target.name, input, `took ${Math.round(ms)} ms`)
  return ms
}

function tryOut(target: Target, input: Uint8Array): number {
  const before = process.cpuUsage()
  try {
    target.run(input)
  } catch (error) {
    if (!isExpected(target, error))
      throw new Finding(target.name, input, `threw ${error instanceof Error ? error.stack : String(error)}`, error)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

const isExpected = (target: Target, error: unknown): boolean =>
  isError(error) ? error.code !== 'InternalError' || target.allowsInternal === true : target.refusals.some((type) => error instanceof type)
