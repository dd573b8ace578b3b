import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { CertificateFacts, CertificateStore, CertificateTemplate, CertificateTools, KeyPair } from './interfaces.ts'
import { requestCertificate } from './request-certificate.ts'
import { rotationDeadline, sameTemplate, signers } from './rotation.ts'

export interface CertificateManagerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly tools: CertificateTools
  readonly store: CertificateStore
  readonly signer: keyof typeof signers
  /** Whom it is to name now; undefined: that is not known yet. */
  readonly template: () => CertificateTemplate | undefined
}

/** Keeps one certificate of the node fresh: asks the cluster for the next one in time, and tells who uses it. */
export interface CertificateManager {
  /** The one to use now. */
  current(): KeyPair | undefined
  /** Called after each new one; returns a function that ends it. */
  onChange(listener: () => void): () => void
  /** Begins to look after it. */
  start(): void
  /** `template` would answer otherwise now, or what the store reads is another. */
  changed(): void
  stop(): Promise<void>
  /** For metrics: how long former certificates lived, failures, and the end of the present one. */
  readonly figures: { readonly livedMs: readonly number[]; readonly failures: number; readonly notAfter: Instant | undefined }
}

export function createCertificateManager(options: CertificateManagerOptions): CertificateManager {
  const { clock, random, tools, store, signer } = options
  const log = options.log.with({ certificate: signer })
  const listeners = new Set<() => void>()
  const stopping = new AbortController()
  const livedMs: number[] = []
  let failures = 0
  let attempt = 0
  /** By what passes: machines that start with a wrong clock have it set back just when they need their first certificate. */
  let restUntilMs = -Infinity
  let forget = () => {}
  let waiting: AbortController | undefined
  let asked: CertificateTemplate | undefined
  let working: Promise<void> | undefined
  let chance = random.next()
  let seen: { readonly pair: KeyPair; readonly facts: CertificateFacts } | undefined

  /** What the store has, read once a change. */
  function present(): typeof seen {
    const pair = store.read()
    if (pair === undefined) seen = undefined
    else if (seen?.pair.certificate !== pair.certificate) {
      seen = { pair, facts: tools.facts(pair.certificate) }
      chance = random.next()
    }
    return seen
  }

  /** Called by timers and by watchers of files, where nobody would catch what it throws: a file that cannot be read now may be there later. */
  function plan(): void {
    if (stopping.signal.aborted || working !== undefined) return
    forget()
    try {
      planNow()
    } catch (error) {
      failed()
      log.warn('the certificate could not be looked at; it is tried again', { error })
      forget = clock.schedule(clock.now() + restUntilMs - clock.monotonicMs(), plan)
    }
  }

  function failed(): void {
    failures += 1
    restUntilMs = clock.monotonicMs() + backoff(retry, attempt, random)
    attempt += 1
  }

  function planNow(): void {
    const template = options.template()
    if (template === undefined) return
    const deadline = rotationDeadline(present()?.facts, template, chance)
    const now = clock.now()
    const at = Math.max(deadline, now + restUntilMs - clock.monotonicMs())
    if (at <= now) rotate(template)
    else forget = clock.schedule(at, plan)
  }

  function rotate(template: CertificateTemplate): void {
    asked = template
    waiting = new AbortController()
    const signal = AbortSignal.any([stopping.signal, waiting.signal])
    working = renew(template, signal)
      .then(
        () => {
          attempt = 0
        },
        (error: unknown) => {
          if (signal.aborted) return
          failed()
          log.warn('the certificate could not be renewed; it is tried again', { error })
        },
      )
      .finally(() => {
        working = undefined
        asked = undefined
        plan()
      })
  }

  async function renew(template: CertificateTemplate, signal: AbortSignal): Promise<void> {
    const former = seen?.facts
    const { request, key } = tools.request(template)
    const certificate = await requestCertificate({ ...options, log, signal }, { request, ...signers[signer] })
    const facts = tools.facts(certificate)
    if (rotationDeadline(facts, template, 0) <= clock.now())
      throw new WherryError(
        'Invalid',
        'the cluster signed a certificate that does not say what was asked for, or that is near its end already',
      )
    await store.write({ certificate, key })
    if (former) livedMs.push(clock.now() - former.notBefore)
    if (livedMs.length > maxRemembered) livedMs.shift()
    log.info('the certificate was renewed', { notAfter: new Date(facts.notAfter).toISOString() })
    for (const listener of listeners) listener()
  }

  return {
    current: () => present()?.pair,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start: plan,
    changed() {
      const template = options.template()
      // A request for what is no longer wanted is not waited for.
      if (asked !== undefined && template !== undefined && !sameTemplate(asked, template)) waiting?.abort()
      plan()
    },
    async stop() {
      stopping.abort(new Error('the certificate manager stops'))
      forget()
      await working
    },
    get figures() {
      return { livedMs, failures, notAfter: seen?.facts.notAfter }
    },
  }
}

const maxRemembered = 100
/** The reference's: 2 s doubling to 32 s, then every 32 s. */
const retry: BackoffOptions = { initialMs: 2_000, factor: 2, maxMs: 32_000, jitter: 0.1 }
