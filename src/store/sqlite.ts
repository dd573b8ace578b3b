import { Worker } from 'node:worker_threads'
import { WherryError } from '#lib/errors.ts'
import { checkCommit } from './check-commit.ts'
import {
  type Answer,
  type Commit,
  type CommitsAnswer,
  type Failure,
  type HistoryAnswer,
  type OpenAnswer,
  packCommits,
  type RangeAnswer,
  type Request,
  type RequestBody,
  unpackEntries,
} from './sqlite-messages.ts'
import type { CommitResult, Entry, Revision, Store, StoreEvent } from './store.ts'
import { type Change, createWatchHub } from './watch-hub.ts'

/** Where the store lies, and who hears of its end. */
export interface SqliteOptions {
  /** The file; beside it stand its log (`-wal`) and eight megabytes held back for a full disk (`-reserve`). */
  readonly path: string
  /** Called once when the store can do nothing more, because its thread ended: whoever serves from it had better end as well. */
  readonly onDeath?: (error: Error) => void
}

/**
 * The embedded store: one file, held by one process, written by a thread of its own. Commits that come while one batch is being made
 * durable form the next: many callers share one fsync. Throws when the file is in use, damaged or of another format.
 */
export async function openSqliteStore({ path, onDeath }: SqliteOptions): Promise<Store> {
  const thread = await openThread(path)
  let { revision, compacted } = thread.opened
  const waiting: WaitingCommit[] = []
  let waitingBytes = 0
  /** While commits are on their way to the disk. */
  let committing: Promise<void> | undefined
  let closed: Promise<void> | undefined

  const hub = createWatchHub({
    revision: () => revision,
    compacted: () => compacted,
    read: async (prefix, after, upTo) => changesOf((await thread.ask({ do: 'history', prefix, after, upTo })) as HistoryAnswer),
  })
  thread.onFailure((error) => {
    hub.close(error)
    onDeath?.(error)
  })

  async function commitWaiting(): Promise<void> {
    // What is called in one turn goes in one batch.
    await undefined
    while (waiting.length > 0) {
      const batch = takeBatch()
      try {
        const packed = packCommits(batch.flatMap(({ steps }) => steps))
        const answer = (await thread.ask({ do: 'commit', batch: packed }, [packed.bytes.buffer])) as CommitsAnswer
        conclude(batch, answer)
      } catch (error) {
        for (const commit of batch) commit.reject(error)
      }
    }
    committing = undefined
  }

  function takeBatch(): WaitingCommit[] {
    let sizeBytes = 0
    let count = 0
    while (count < waiting.length && count < batchCommits && sizeBytes < batchBytes) sizeBytes += waiting[count++]!.sizeBytes
    waitingBytes -= sizeBytes
    return waiting.splice(0, count)
  }

  /** Durable now: tell the watches, then the callers. */
  function conclude(batch: readonly WaitingCommit[], answer: CommitsAnswer): void {
    const previous = unpackEntries(answer.previous)
    let operation = 0
    for (const [i, step] of batch.flatMap(({ steps }) => steps).entries()) {
      const at = answer.revisions[i]!
      if (at > revision) {
        revision = at
        hub.publish(changeOf(step, at, previous, operation))
      }
      operation += step.operations.length
    }
    let i = 0
    for (const { steps, resolve, reject } of batch) {
      const first = i
      const at = answer.revisions[first]!
      i += steps.length
      if (at > 0) resolve({ done: true, revision: at, ...(steps.length > 1 && { followed: answer.revisions[first + 1]! }) })
      else if (at === 0) {
        const failed = answer.failed.filter((failure) => failure.commit === first).map(({ key, present }) => ({ key, present }))
        resolve({ done: false, revision: answer.checkedAt[first]!, failed })
      } else reject(new WherryError('ServiceUnavailable', answer.fullMessage ?? 'the disk is full'))
    }
  }

  async function compact(upTo: Revision): Promise<void> {
    for (;;) {
      const target = Math.min(upTo, revision, hub.compactable())
      if (target <= compacted) break
      // Watches are refused from now on what is about to go, not from when it is gone.
      const from = compacted
      compacted = target
      let reached = from
      try {
        while (reached < target) reached = (await thread.ask({ do: 'compact', upTo: target })) as Revision
      } catch (error) {
        compacted = Math.max(from, reached)
        throw error
      }
    }
    await thread.ask({ do: 'tidy' })
  }

  const open = <T>(run: () => Promise<T>): Promise<T> =>
    closed === undefined ? run() : Promise.reject(new WherryError('ServiceUnavailable', 'the store is closed'))

  return {
    revision: () => open(async () => revision),
    get: (key) => open(() => thread.ask({ do: 'get', key }) as Promise<Entry | undefined>),
    range: (prefix, { from = '', limit = Infinity, revision: at = -1 } = {}) =>
      open(async () => {
        const entries: Entry[] = []
        const page = (part: readonly Entry[]) => void entries.push(...part)
        const answer = (await thread.ask({ do: 'range', prefix, from, limit, revision: at }, [], page)) as RangeAnswer
        return { entries, ...answer }
      }),
    commit: (operations, conditions = [], following) =>
      open(async () => {
        const steps: Commit[] = [{ operations, conditions, follows: false }]
        if (following !== undefined) steps.push({ operations: following, conditions: [], follows: true })
        let sizeBytes = 0
        for (const step of steps) {
          checkCommit(step.operations)
          for (const operation of step.operations) if (operation.do === 'put') sizeBytes += operation.value.byteLength
        }
        if (waiting.length >= waitingCommits || waitingBytes + sizeBytes > waitingLimitBytes)
          throw new WherryError('TooManyRequests', 'too many commits are waiting for the disk; try again in a second', {
            retryAfterSeconds: 1,
          })
        waitingBytes += sizeBytes
        return new Promise<CommitResult>((resolve, reject) => {
          waiting.push({ steps, sizeBytes, resolve, reject })
          committing ??= commitWaiting()
        })
      }),
    watch: hub.watch,
    compact: (upTo) => open(() => compact(upTo)),
    close() {
      closed ??= (async () => {
        hub.close()
        await committing
        await thread.close()
      })()
      return closed
    },
  }
}

/** Bounds of one transaction, so that the first of its callers does not wait for long. */
const batchCommits = 512
const batchBytes = 8 * 1024 * 1024
/** Bounds of what waits for a slow disk. */
const waitingCommits = 10_000
const waitingLimitBytes = 128 * 1024 * 1024

interface WaitingCommit {
  /** One, or two of which the second follows. */
  readonly steps: readonly Commit[]
  readonly sizeBytes: number
  readonly resolve: (result: CommitResult) => void
  readonly reject: (error: unknown) => void
}

function changeOf(commit: Commit, at: Revision, previous: readonly (Entry | undefined)[], first: number): Change {
  const change: StoreEvent[] = []
  commit.operations.forEach((operation, i) => {
    const before = previous[first + i]
    if (operation.do === 'put') {
      const { key, value } = operation
      const entry = { key, value, createRevision: before?.createRevision ?? at, modRevision: at }
      change.push({ type: 'put', key, revision: at, entry, ...(before && { previous: before }) })
    } else if (before !== undefined) change.push({ type: 'delete', key: operation.key, revision: at, previous: before })
  })
  return change
}

function changesOf(answer: HistoryAnswer): { changes: readonly Change[]; upTo: Revision } {
  const entries = unpackEntries(answer.entries)
  const changes: StoreEvent[][] = []
  answer.revisions.forEach((revision, i) => {
    const entry = entries[2 * i]!
    const previous = entries[2 * i + 1]
    const known = previous && { previous }
    const event: StoreEvent =
      entry.createRevision < 0
        ? { type: 'delete', key: entry.key, revision, ...known }
        : { type: 'put', key: entry.key, revision, entry, ...known }
    if (changes.at(-1)?.[0]?.revision === revision) changes.at(-1)!.push(event)
    else changes.push([event])
  })
  return { changes, upTo: answer.upTo }
}

interface Thread {
  readonly opened: OpenAnswer
  ask(body: RequestBody, transfer?: readonly ArrayBuffer[], page?: (entries: readonly Entry[]) => void): Promise<unknown>
  onFailure(listener: (error: WherryError) => void): void
  close(): Promise<void>
}

interface Question {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly page: ((entries: readonly Entry[]) => void) | undefined
}

async function openThread(path: string): Promise<Thread> {
  // Values pass through it outside its heap: a small heap is enough, and keeps an idle server small.
  const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 }
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: { path }, resourceLimits })
  const questions = new Map<number, Question>()
  let listener: (error: WherryError) => void = () => {}
  let next = 0
  let failure: WherryError | undefined
  let closing = false

  const opening = new Promise<unknown>((resolve, reject) => questions.set(0, { resolve, reject, page: undefined }))
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('message', (answer: Answer) => {
    const question = questions.get(answer.id)
    if (question === undefined) return
    if ('page' in answer) {
      question.page?.(unpackEntries(answer.page) as Entry[])
      return
    }
    questions.delete(answer.id)
    if (answer.ok) question.resolve(answer.value)
    else question.reject(errorOf(answer.failure))
  })
  worker.once('error', fail)
  worker.once('exit', (code) => {
    if (!closing || questions.size > 0) fail(new Error(`its thread ended with code ${code}`))
  })

  /** What was under way may be durable or not; nobody is told that it is. */
  function fail(cause: unknown): void {
    failure ??= new WherryError('ServiceUnavailable', `the store at ${path} has failed; restart the server`, { cause })
    for (const question of questions.values()) question.reject(failure)
    questions.clear()
    listener(failure)
  }

  function ask(body: RequestBody, transfer: readonly ArrayBuffer[] = [], page?: (entries: readonly Entry[]) => void): Promise<unknown> {
    if (failure !== undefined) return Promise.reject(failure)
    return new Promise((resolve, reject) => {
      const id = (next += 1)
      questions.set(id, { resolve, reject, page })
      const request: Request = { id, ...body }
      worker.postMessage(request, transfer)
    })
  }

  let opened: OpenAnswer
  try {
    opened = (await opening) as OpenAnswer
  } catch (error) {
    closing = true
    await exited
    throw error
  }
  return {
    opened,
    ask,
    onFailure: (heard) => {
      listener = heard
    },
    async close() {
      closing = true
      if (failure === undefined) await ask({ do: 'close' })
      await exited
    },
  }
}

function errorOf({ code, message, cause }: Failure): WherryError {
  return new WherryError(code, message, cause === undefined ? {} : { cause: new Error(cause) })
}
