import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccountTokenProjection, VolumeProjection } from '#api/core/v1/types.ts'
import { backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import type { PodCertificates } from '../pod-certificates/pod-certificates.ts'
import type { Allocatable } from './downward.ts'
import { followCertificates } from './live-certificates.ts'
import { nestedPlaces } from './nested-places.ts'
import type { FollowedObject, ObjectSource } from './object-source.ts'
import type { Reference } from './payload.ts'
import { payloadOf, referencesOf, tokensOf } from './payload.ts'
import type { TokenSource } from './tokens.ts'
import { renewalOf } from './tokens.ts'
import type { TrustBundles } from './trust-bundles.ts'
import type { VolumeHost } from './volume-host.ts'

/** A volume whose files are made of API objects and stay equal to them. */
export interface LiveVolume {
  /** Writes the files, in turn with other writes. Rejects with what is missing. */
  write(): Promise<void>
  /** The pod changed. */
  refresh(pod: Pod): void
  /** Ends following and waits for a write under way. */
  close(): Promise<void>
}

export interface LiveOptions {
  readonly host: VolumeHost
  readonly objects: ObjectSource
  readonly tokens: TokenSource
  /** Absent: the feature gate is off, and such sources are refused. The next likewise. */
  readonly bundles?: TrustBundles
  readonly certificates?: PodCertificates
  readonly allocatable: () => Allocatable
  readonly clock: Clock
  readonly random: Random
  /** An update of a volume that is in use failed; it is tried again. */
  readonly report: (pod: Pod, error: unknown) => void
  /** Something that a write missed may be there now. */
  readonly ready: (podUid: string) => void
}

/**
 * For some three seconds the files that are there serve on and nobody hears of it: what a namespace takes with it goes before its pods are told to
 * end. The reference looks again only at the next sync of the pod, a minute later.
 */
const untoldAttempts = 3
const retries = { initialMs: 500, factor: 2, maxMs: 122_000, jitter: 0.1 }
/** The first answer about an object; the reference waits as long for its cache. */
const syncMs = 60_000

export function createLiveVolume(
  options: LiveOptions,
  pod: Pod,
  directory: string,
  source: { readonly name: string; readonly sources: readonly VolumeProjection[]; readonly defaultMode: number },
): LiveVolume {
  const { host, objects, clock, random } = options
  const { namespace, uid } = pod.metadata
  const groupId = pod.spec.securityContext?.fsGroup
  let present = pod
  let closed = false
  let written = false
  let attempt = 0
  let last: Promise<void> = Promise.resolve()
  /** A write that has not begun yet sees every change until it does. */
  let queued: Promise<void> | undefined
  let forgetWake = () => {}
  /** When to ask for the next one, and until when it is good, by what passes: by a clock that is set back it would be used when it is over. */
  const issued = new Map<string, { readonly token: string; readonly renewMs: number; readonly endMs: number }>()

  const references = new Map(referencesOf(source.sources).map((reference) => [keyOf(reference), reference]))
  const followed = new Map<string, FollowedObject>()
  const object = (reference: Reference) => followed.get(keyOf(reference))?.get()

  const changed = (): void => {
    // What is known already is told at once, before anything can have missed it.
    if (closed || followed.size < references.size) return
    if (written) rewrite()
    else options.ready(uid)
  }
  const rewrite = (): void => {
    write().then(
      () => {
        attempt = 0
      },
      (error: unknown) => {
        if (closed) return
        if (attempt >= untoldAttempts) options.report(present, error)
        wakeAt(clock.now() + backoff(retries, attempt, random))
        attempt += 1
      },
    )
  }
  const wakeAt = (at: number): void => {
    forgetWake()
    forgetWake = clock.schedule(at, rewrite)
  }

  const write = (): Promise<void> => {
    if (queued) return queued
    const work = last.then(() => {
      queued = undefined
      return writeNow()
    })
    queued = work
    last = work.catch(() => {})
    return work
  }
  const writeNow = async (): Promise<void> => {
    if (closed) return
    await allSynced()
    const late = await renewTokens()
    if (closed) return
    const files = payloadOf(present, source, {
      configMap: (name) => object({ kind: 'ConfigMap', name }) as ConfigMap | undefined,
      secret: (name) => object({ kind: 'Secret', name }) as Secret | undefined,
      bundle: certificates.bundle,
      certificate: certificates.certificate,
      token: (projection) => issued.get(JSON.stringify(projection))!.token,
      get allocatable() {
        return options.allocatable()
      },
    })
    await host.writeFiles(directory, files, groupId, nestedPlaces(present, source.name))
    written = true
    wakeAt(clock.now() + Math.min(...[...issued.values()].map(({ renewMs }) => renewMs)) - clock.monotonicMs())
    // The files are as new as they can be, with a token that still works; the newer token is tried for again.
    if (late) throw late
  }
  const allSynced = async (): Promise<void> => {
    const stop = new AbortController()
    try {
      await Promise.race([
        Promise.all([...[...followed.values()].map((one) => one.synced()), certificates.synced()]),
        sleep(clock, syncMs, stop.signal).then(() => {
          const kinds = new Set([...references.values()].map(({ kind }) => kind.toLowerCase()))
          if (source.sources.some(({ clusterTrustBundle }) => clusterTrustBundle)) kinds.add('clustertrustbundle')
          throw new WherryError('Timeout', `failed to sync ${[...kinds].join(' and ')} cache: timed out waiting for the condition`)
        }),
      ])
    } finally {
      stop.abort()
    }
  }
  /** Gives the failure of a renewal while the former token still works; throws where there is none that does. */
  const renewTokens = async (): Promise<unknown> => {
    let late: unknown
    for (const projection of tokensOf(source.sources)) {
      const key = JSON.stringify(projection)
      const former = issued.get(key)
      if (former && clock.monotonicMs() < former.renewMs) continue
      try {
        const next = await options.tokens(present, projection)
        const passedMs = clock.monotonicMs() - clock.now()
        issued.set(key, { token: next.token, renewMs: passedMs + renewalOf(next), endMs: passedMs + next.expiresAt })
      } catch (error) {
        if (!former || clock.monotonicMs() >= former.endMs) throw asTokenError(error, projection)
        late = asTokenError(error, projection)
      }
    }
    return late
  }

  const certificates = followCertificates(options, pod, source.sources, changed)
  for (const [key, reference] of references) followed.set(key, objects.follow(reference, namespace, changed))
  return {
    write,
    refresh(pod) {
      present = pod
      if (written && source.sources.some(({ downwardAPI }) => downwardAPI)) rewrite()
    },
    async close() {
      closed = true
      forgetWake()
      for (const one of followed.values()) one.stop()
      certificates.stop()
      await last
    },
  }
}

const keyOf = ({ kind, name }: Reference): string => `${kind}/${name}`

const asTokenError = (cause: unknown, projection: ServiceAccountTokenProjection): WherryError =>
  new WherryError(
    cause instanceof WherryError ? cause.code : 'InternalError',
    `failed to fetch token for ${projection.path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
