import { readBody, type Transport } from '#lib/http.ts'
import type { Random } from '#lib/random.ts'
import { type Ledger, type StoredObject, withoutKind } from './ledger.ts'
import { namespaces, type Subject, subjects } from './subjects.ts'

export interface WritingOptions {
  readonly transport: Transport
  readonly ledger: Ledger
  readonly random: Random
  readonly updatesPerSecond: number
  readonly writers: number
}

export interface Writing {
  /** Answers how many writes were acknowledged, once the last request is over. */
  stop(): Promise<number>
}

/** Writes at a given rate, through every failure, until it is stopped: creates, updates, merge patches, applies, deletes. */
export function startWriting({ transport, ledger, random, updatesPerSecond, writers }: WritingOptions): Writing {
  let acknowledged = 0
  let permits = 0
  let stopped = false
  const waiting: (() => void)[] = []
  const timer = setInterval(() => {
    // What could not be written while the server was away is not made up for.
    permits = Math.min(permits + (updatesPerSecond * tickMs) / 1_000, updatesPerSecond / 10)
    while (permits >= 1 && waiting.length > 0) {
      permits -= 1
      waiting.shift()!()
    }
  }, tickMs)

  async function write(writer: number, chance: Random): Promise<void> {
    for (let step = 0; ; step += 1) {
      await new Promise<void>((resolve) => waiting.push(resolve))
      if (stopped) return
      const subject = subjects[chance.below(subjects.length)]!
      const name = `w${writer}-${chance.below(subject.names)}`
      const namespace = subject.namespace ?? namespaces[(writer + chance.below(2) * 5) % namespaces.length]!
      const path = `${subject.collection(namespace)}/${name}`
      try {
        if (await send(subject, namespace, name, path, step, chance)) acknowledged += 1
      } catch (error) {
        if (!(error instanceof Lost)) throw error
        ledger.doubtful(path)
      }
    }
  }

  async function send(subject: Subject, namespace: string, name: string, path: string, step: number, chance: Random): Promise<boolean> {
    const exists = ledger.has(path)
    if (!exists) return settle(path, await exchange('POST', subject.collection(namespace), subject.create(name, step)))
    if (chance.below(12) === 0) return settle(path, await exchange('DELETE', `${path}?gracePeriodSeconds=0`), true)
    const [type, body, query] = subject.change(name, step, chance.below(3))
    return settle(path, await exchange('PATCH', `${path}${query ?? ''}`, body, type))
  }

  async function exchange(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    const response = await transport({
      method,
      path,
      headers: { accept: 'application/json', 'user-agent': 'torture', ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
    }).catch((error: unknown) => {
      throw new Lost('no answer', { cause: error })
    })
    const bytes = await readBody(response.body).catch((error: unknown) => {
      throw new Lost('half an answer', { cause: error })
    })
    return { status: response.status, body: JSON.parse(Buffer.from(bytes).toString()) }
  }

  function settle(path: string, { status, body }: Answer, deletes = false): boolean {
    if (status === 200 || status === 201 || status === 202) {
      const { finalizers, deletionTimestamp } = (body as Partial<StoredObject>).metadata ?? {}
      const isGone = finalizers === undefined && (deletes || deletionTimestamp !== undefined)
      ledger.acknowledged(path, isGone ? undefined : withoutKind(body as unknown as StoredObject))
      return true
    }
    // What was in doubt turned out to be there, or gone.
    if (status === 409 || status === 404) ledger.doubtful(path)
    else if (status === 429 || status >= 500) ledger.doubtful(path)
    else throw new Error(`${path}: unexpected answer ${status}: ${JSON.stringify(body)}`)
    return false
  }

  const running = Array.from({ length: writers }, (_, writer) => write(writer, random.fork(`writer ${writer}`)))
  const all = Promise.all(running)
  // Told by `stop`; a writer that fails before is no unhandled rejection.
  all.catch(() => undefined)
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      // Whoever asks for a permit from now on gets it at once, and sees that it is over.
      const drain = setInterval(() => {
        while (waiting.length > 0) waiting.shift()!()
      }, 1)
      try {
        await all
      } finally {
        clearInterval(drain)
      }
      return acknowledged
    },
  }
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A request whose answer never came whole. */
class Lost extends Error {}

const tickMs = 20
