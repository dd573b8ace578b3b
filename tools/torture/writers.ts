import { readBody, type Transport } from '#lib/http.ts'
import type { Random } from '#lib/random.ts'
import { type Ledger, type StoredObject, withoutKind } from './ledger.ts'
import { namespaces, type Subject, subjects } from './subjects.ts'

/** Who writes how often, and where it is put down. */
export interface WritingOptions {
  readonly transport: Transport
  readonly ledger: Ledger
  readonly random: Random
  readonly updatesPerSecond: number
  readonly writers: number
}

/** Writing, until it is stopped. */
export interface Writing {
  /** Answers how many writes were acknowledged, once the last request is over. */
  stop(): Promise<number>
}

/** Writes at a given rate, through every failure, until it is stopped: creates, merge patches, applies, deletes. */
export function startWriting({ transport, ledger, random, updatesPerSecond, writers }: WritingOptions): Writing {
  let acknowledged = 0
  let permits = 1
  let isStopped = false
  const waiting: (() => void)[] = []
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    // A timer on a busy machine is late, so time counts, and not ticks. Of what a slow server left over, a second's worth is made up for.
    permits = Math.min(permits + ((nowMs - lastMs) * updatesPerSecond) / 1_000, updatesPerSecond)
    lastMs = nowMs
    for (; permits >= 1 && waiting.length > 0; permits -= 1) waiting.shift()!()
  }, tickMs)

  async function write(writer: number, chance: Random): Promise<void> {
    for (let step = 0; ; step += 1) {
      if (permits >= 1) permits -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      if (isStopped) return
      const subject = subjects[chance.below(subjects.length)]!
      const name = `w${writer}-${chance.below(subject.names)}`
      const namespace = subject.namespace ?? namespaces[(writer + chance.below(2) * 5) % namespaces.length]!
      if (await send(subject, namespace, name, step, chance)) acknowledged += 1
    }
  }

  async function send(subject: Subject, namespace: string, name: string, step: number, chance: Random): Promise<boolean> {
    const collection = subject.collection(namespace)
    const path = `${collection}/${name}`
    if (!ledger.has(path)) return exchange(path, false, 'POST', collection, subject.create(name, step))
    if (chance.below(12) === 0) return exchange(path, true, 'DELETE', `${path}?gracePeriodSeconds=0`)
    const [type, body, query] = subject.change(name, step, chance.below(3))
    // What waits for its finalizers only is removed by the patch that takes them away.
    return exchange(path, true, 'PATCH', `${path}${query ?? ''}`, body, type)
  }

  /** One write, and what the ledger learns from it. Answers whether it was acknowledged. */
  async function exchange(
    path: string,
    mayRemove: boolean,
    method: string,
    target: string,
    body?: object,
    type = 'application/json',
  ): Promise<boolean> {
    let status: number
    let answer: Readonly<Record<string, unknown>>
    try {
      const response = await transport({
        method,
        path: target,
        headers: { accept: 'application/json', 'user-agent': 'torture', ...(body !== undefined && { 'content-type': type }) },
        ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
      })
      status = response.status
      answer = JSON.parse(Buffer.from(await readBody(response.body)).toString())
    } catch {
      // No answer, or half of one: exactly the doubt that the ledger keeps.
      ledger.doubtful(path, mayRemove)
      return false
    }
    if (status === 200 || status === 201 || status === 202) {
      const { finalizers, deletionTimestamp } = (answer as Partial<StoredObject>).metadata ?? {}
      const isGone = finalizers === undefined && (method === 'DELETE' || deletionTimestamp !== undefined)
      ledger.acknowledged(path, isGone ? undefined : withoutKind(answer as unknown as StoredObject))
      return true
    }
    // Too many at once, or two pods counted in one moment: nothing was written.
    if (status === 429 || (status === 409 && answer['reason'] === 'Conflict')) return false
    const isAnswerToDoubt = (status === 409 || status === 404) && ledger.isDoubtful(path)
    if (!isAnswerToDoubt && status < 500) throw new Error(`${method} ${target}: unexpected answer ${status}: ${JSON.stringify(answer)}`)
    ledger.doubtful(path, mayRemove || status === 404)
    return false
  }

  const running = Array.from({ length: writers }, (_, writer) => write(writer, random.fork(`writer ${writer}`)))
  const all = Promise.all(running)
  // Told by `stop`; a writer that fails before is no unhandled rejection.
  all.catch(() => undefined)
  return {
    async stop() {
      isStopped = true
      clearInterval(timer)
      // Whoever waits sees that it is over; whoever is still sending, before it waits again.
      permits = Infinity
      for (const go of waiting.splice(0)) go()
      await all
      return acknowledged
    },
  }
}

const tickMs = 5
