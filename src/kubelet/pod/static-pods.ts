import type { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { PodSource } from '../interfaces.ts'
import { hashAnnotation, mirrorAnnotation } from './pod-source.ts'

/** Pods of other sources than the API server, and the objects there that show them: their mirrors. */
export interface StaticPods {
  /** Reads every source; each pod found is run. */
  load(): Promise<void>
  /** A mirror that the API server shows, or no longer shows. */
  mirrorSeen(mirror: Pod, isGone: boolean): void
  /** The API server has the Node now, so that there is an owner for the mirrors. */
  nodeRegistered(): void
  /** The object by which the API knows a static pod; undefined while there is none. */
  mirrorOf(pod: Pod): Pod | undefined
  /** A static pod has ended and left nothing. */
  ended(uid: string): void
  close(): void
}

export interface StaticPodsOptions {
  readonly sources: readonly PodSource[]
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Owner of the mirrors: who takes the node away takes them with it. */
  readonly node: () => Node | undefined
  readonly run: (pod: Pod) => void
  readonly end: (uid: string) => void
  readonly changed: (uid: string) => void
}

export function createStaticPods(options: StaticPodsOptions): StaticPods {
  const { sources, client, clock, random, log } = options
  /** By source and name: what shall run. */
  const wanted = new Map<string, Pod>()
  /** By name: what runs or is still ending. Of two contents of one manifest the second waits for the end of the first. */
  const running = new Map<string, string>()
  const mirrors = new Map<string, Pod>()
  const writing = new Set<string>()
  const askedAgain = new Set<string>()
  /** By name: failures in a row, with the next try. There is never more than one, however many ask meanwhile. */
  const retries = new Map<string, { readonly attempt: number; readonly forget: () => void }>()
  const ends: (() => void)[] = []
  let isClosed = false

  async function read(source: PodSource): Promise<void> {
    const pods = await source.list()
    const found = new Map(pods.map((pod) => [`${source.name} ${keyOf(pod)}`, pod]))
    const touched = new Set<string>()
    for (const [key, pod] of wanted)
      if (key.startsWith(`${source.name} `) && !found.has(key)) {
        wanted.delete(key)
        touched.add(keyOf(pod))
      }
    for (const [key, pod] of found)
      if (wanted.get(key)?.metadata.uid !== pod.metadata.uid) {
        wanted.set(key, pod)
        touched.add(keyOf(pod))
      }
    for (const key of touched) settle(key)
  }

  const wantedAt = (key: string): Pod | undefined => [...wanted.values()].find((pod) => keyOf(pod) === key)

  function settle(key: string): void {
    if (isClosed) return
    const pod = wantedAt(key)
    const uid = running.get(key)
    if (uid !== undefined && uid !== pod?.metadata.uid) options.end(uid)
    else if (uid === undefined && pod !== undefined) {
      running.set(key, pod.metadata.uid)
      const mirror = mirrors.get(key)
      // What was told of it by a former kubelet still holds.
      options.run(mirror !== undefined && isMirrorOf(mirror, pod) ? { ...pod, status: mirror.status } : pod)
    }
    void mirror(key)
  }

  /** One step nearer to the right mirror: a wrong one goes, a missing one is made. What follows is seen by the watch. */
  async function mirror(key: string): Promise<void> {
    if (isClosed) return
    if (writing.has(key)) return void askedAgain.add(key)
    const pod = wantedAt(key)
    const present = mirrors.get(key)
    const isWrong =
      present !== undefined && (pod === undefined || !isMirrorOf(present, pod) || present.metadata.deletionTimestamp !== undefined)
    // A pod whose manifest is gone is shown for as long as it is ending.
    if (isWrong && pod === undefined && running.has(key)) return
    const node = options.node()
    if (!isWrong && (pod === undefined || present !== undefined || node === undefined || node.metadata.deletionTimestamp !== undefined)) {
      retries.get(key)?.forget()
      return void retries.delete(key)
    }
    writing.add(key)
    const failed = retries.get(key)
    failed?.forget()
    try {
      if (isWrong) await remove(present)
      else await create(pod!, node!)
      retries.delete(key)
    } catch (error) {
      if (isClosed) return
      log.warn('the mirror of a static pod could not be brought up to date', { pod: key, error })
      const attempt = failed === undefined ? 0 : failed.attempt + 1
      retries.set(key, { attempt, forget: clock.schedule(clock.now() + backoff(retry, attempt, random), () => void mirror(key)) })
    } finally {
      writing.delete(key)
      if (askedAgain.delete(key)) void mirror(key)
    }
  }

  async function remove({ metadata }: Pod): Promise<void> {
    const { name, namespace, uid } = metadata
    await client.delete(Pod, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } }).catch(unless('NotFound', 'Conflict'))
  }

  async function create({ metadata, spec }: Pod, node: Node): Promise<void> {
    const { name, namespace, labels, annotations } = metadata
    const owner = { apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, controller: true }
    const body = {
      metadata: {
        name,
        labels,
        annotations: { ...annotations, [mirrorAnnotation]: annotations?.[hashAnnotation] },
        ownerReferences: [owner],
      },
      spec,
    }
    await client.create(Pod, body as never, { namespace }).catch(unless('AlreadyExists'))
  }

  return {
    async load() {
      await Promise.all(sources.map(read))
      for (const source of sources)
        ends.push(
          source.onChange(() => {
            read(source).catch((error: unknown) => log.warn('the pods of a source could not be read', { source: source.name, error }))
          }),
        )
    },
    mirrorSeen(seen, isGone) {
      const key = keyOf(seen)
      const known = mirrors.get(key)
      if (!isGone) mirrors.set(key, seen)
      else if (known?.metadata.uid === seen.metadata.uid) mirrors.delete(key)
      const uid = running.get(key)
      // Nobody has told the new object how the pod is.
      if (uid !== undefined && known?.metadata.uid !== seen.metadata.uid) options.changed(uid)
      void mirror(key)
    },
    nodeRegistered() {
      for (const key of new Set([...running.keys(), ...[...wanted.values()].map(keyOf)])) void mirror(key)
    },
    mirrorOf: (pod) => {
      const found = mirrors.get(keyOf(pod))
      return found !== undefined && isMirrorOf(found, pod) && found.metadata.deletionTimestamp === undefined ? found : undefined
    },
    ended(uid) {
      // A copy: a manifest that came back meanwhile puts the same pod under the same name again.
      for (const [key, one] of [...running])
        if (one === uid) {
          running.delete(key)
          settle(key)
        }
    },
    close() {
      isClosed = true
      for (const end of ends) end()
      for (const { forget } of retries.values()) forget()
      for (const source of sources) source.close()
    },
  }
}

const retry: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 0.5 }

const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

const isMirrorOf = (mirror: Pod, pod: Pod): boolean =>
  mirror.metadata.annotations?.[mirrorAnnotation] === pod.metadata.annotations?.[hashAnnotation]

const unless =
  (...codes: readonly ('NotFound' | 'Conflict' | 'AlreadyExists')[]) =>
  (error: unknown): void => {
    if (!codes.some((code) => isError(error, code))) throw error
  }
