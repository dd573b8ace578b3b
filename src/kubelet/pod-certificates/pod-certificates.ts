import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { PodCertificateProjection } from '#api/core/v1/types.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { quote } from '#schema/go-text.ts'
import { type CertificateState, type Credential, jitterMaxMs, nextStep, stateName, withRequest } from './certificate-state.ts'

/** Certificates of this node's pods: one for each source of a projected volume. */
export interface PodCertificates {
  /** Keeps a credential for one source from now on; `changed` is called when there is another one, or when there will be none. */
  follow(source: CertificateSource, changed: () => void): FollowedCertificate
  /** How many sources are in which state, by signer: for metrics. */
  states(): readonly { readonly signerName: string; readonly state: string; readonly count: number }[]
}

/** A `podCertificate` source of one volume. */
export interface CertificateSource {
  readonly pod: Pod
  readonly projection: PodCertificateProjection
}

/** A certificate that is kept current as long as its pod runs. */
export interface FollowedCertificate {
  /** Resolves once the first answer is there, or is not there soon: most signers take moments. */
  settled(): Promise<void>
  /** Throws `WherryError` with the reference's words where there is none. */
  get(): Credential
  stop(): void
}

/** Makes keys: the machine's part. */
export interface KeyMaker {
  /**
   * A new private key (PEM, PKCS #8) of a sort of the API (`RSA3072`, `RSA4096`, `ECDSAP256`, `ECDSAP384`, `ECDSAP521`, `ED25519`), and a request
   * that says nothing but its public key and is signed with it (PKCS #10, DER).
   */
  make(keyType: string): Promise<{ readonly key: string; readonly request: Uint8Array }>
}

/** What following certificates takes. */
export interface PodCertificateOptions {
  readonly client: Client
  readonly nodeName: string
  /** Of this node's object. */
  readonly nodeUid: () => Promise<string>
  readonly keys: KeyMaker
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly tell: (pod: Pod, reason: string, message: string) => void
}

/** As workqueues of the reference, without their first milliseconds. */
const retries = { initialMs: 500, factor: 2, maxMs: 122_000, jitter: 0.1 }
/** For so long a volume waits for a signer before it tells that it has no certificate yet. */
const settleMs = 3_000

/** Asks the API server, and watches this node's requests while anybody follows one. */
export function createPodCertificates(options: PodCertificateOptions): PodCertificates {
  const { client, nodeName, clock, random, log } = options
  const followers = new Set<Follower>()
  let informer: Informer<PodCertificateRequest> | undefined

  function watch(): Informer<PodCertificateRequest> {
    if (informer !== undefined) return informer
    informer = createInformer(client, PodCertificateRequest, { clock, random, log, fieldSelector: `spec.nodeName=${nodeName}` })
    informer.onChange(({ spec }) => {
      for (const follower of followers) if (follower.podUid === spec.podUID) follower.look()
    })
    return informer
  }

  async function ask({ pod, projection }: CertificateSource): Promise<{ readonly key: string; readonly request: PodCertificateRequest }> {
    const { name, namespace, uid } = pod.metadata
    const account = pod.spec.serviceAccountName || 'default'
    const serviceAccount = await client.get(ServiceAccount, account, namespace).catch(because('while fetching service account'))
    const nodeUID = await options.nodeUid().catch(because('while getting node object from local cache'))
    const { keyType, signerName = '', maxExpirationSeconds, userAnnotations } = projection
    const made = await options.keys.make(keyType).catch(because('while generating keypair'))
    const object = {
      metadata: { generateName: 'req-', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }] },
      spec: {
        signerName,
        podName: name,
        podUID: uid,
        serviceAccountName: account,
        serviceAccountUID: serviceAccount.metadata.uid,
        nodeName,
        nodeUID,
        ...(maxExpirationSeconds !== undefined && { maxExpirationSeconds }),
        stubPKCS10Request: Buffer.from(made.request).toString('base64'),
        ...(userAnnotations !== undefined && { unverifiedUserAnnotations: userAnnotations }),
      },
    }
    const request = await client.create(PodCertificateRequest, object, { namespace }).catch(because('while creating on API'))
    return { key: made.key, request }
  }

  return {
    follow(source, changed) {
      const follower = createFollower(options, source, { requests: watch(), ask, changed })
      followers.add(follower)
      follower.look()
      return {
        settled: follower.settled,
        get: follower.get,
        stop() {
          follower.stop()
          followers.delete(follower)
          if (followers.size > 0 || informer === undefined) return
          void informer.close()
          informer = undefined
        },
      }
    },
    states() {
      const counts = new Map<string, { readonly signerName: string; readonly state: string; count: number }>()
      for (const { signerName, state } of followers) {
        const name = stateName(state(), clock.now())
        const entry = counts.get(`${signerName} ${name}`) ?? { signerName, state: name, count: 0 }
        entry.count += 1
        counts.set(`${signerName} ${name}`, entry)
      }
      return [...counts.values()]
    },
  }
}

interface Follower extends FollowedCertificate {
  readonly podUid: string
  readonly signerName: string
  readonly state: () => CertificateState
  /** Looks what is to be done, after what is being done. */
  look(): void
}

interface FollowerMeans {
  readonly requests: Informer<PodCertificateRequest>
  readonly ask: (source: CertificateSource) => Promise<{ readonly key: string; readonly request: PodCertificateRequest }>
  readonly changed: () => void
}

/** One source: looks run one after another, and each ends with when to look next. */
function createFollower(
  { clock, random, log, tell }: PodCertificateOptions,
  source: CertificateSource,
  { requests, ask, changed }: FollowerMeans,
): Follower {
  const { pod, projection } = source
  const { namespace, uid } = pod.metadata
  let state: CertificateState = { phase: 'initial' }
  let problem: Error | undefined
  let attempt = 0
  let stopped = false
  let isWorking = false
  let again = false
  let forgetWake = () => {}
  const decided = Promise.withResolvers<void>()

  const jitter = (): number => random.below(jitterMaxMs)
  const requestNow = (): PodCertificateRequest | undefined =>
    'pending' in state ? requests.get(state.pending.requestName, namespace) : undefined

  async function work(): Promise<void> {
    const before = state
    const step = nextStep(state, requestNow(), clock.now(), jitter())
    state = step.state
    for (const { reason, message } of step.events) tell(pod, reason, message)
    let wakeAt = step.wakeAt
    if (step.asks) wakeAt = Math.min(wakeAt, await askNow())
    if (stopped) return
    forgetWake()
    forgetWake = clock.schedule(wakeAt, look)
    if (credentialOf(state) === credentialOf(before) && state.phase !== 'denied' && state.phase !== 'failed') return
    decided.resolve()
    if (state.phase !== before.phase) changed()
  }

  /** Gives when to try again; never, where it went well. */
  async function askNow(): Promise<number> {
    try {
      const { key, request } = await ask(source)
      const { name, creationTimestamp } = request.metadata
      state = withRequest(state, key, name, Date.parse(creationTimestamp), jitter())
      problem = undefined
      attempt = 0
      // Its end may have come before anybody knew its name.
      again = true
      return Infinity
    } catch (error) {
      problem = error as Error
      log.warn('a certificate of a pod could not be asked for', { namespace, pod: pod.metadata.name, error })
      attempt += 1
      return clock.now() + backoff(retries, attempt - 1, random)
    }
  }

  function look(): void {
    again = true
    if (isWorking || stopped) return
    isWorking = true
    void (async () => {
      while (again && !stopped) {
        again = false
        await work()
      }
    })()
      .catch((error: unknown) => log.error('a certificate of a pod was not looked after', { namespace, pod: pod.metadata.name, error }))
      .finally(() => {
        isWorking = false
      })
  }

  return {
    podUid: uid,
    signerName: projection.signerName ?? '',
    state: () => state,
    look,
    async settled() {
      const stop = new AbortController()
      await Promise.race([decided.promise, sleep(clock, settleMs, stop.signal).catch(() => {})])
      stop.abort(new Error('settled'))
    },
    get() {
      if (state.phase === 'denied' || state.phase === 'failed')
        throw new WherryError(
          'Forbidden',
          `PodCertificateRequest was permanently ${state.phase}: reason=${quote(state.reason)} message=${quote(state.message)}`,
        )
      const credential = credentialOf(state)
      if (credential !== undefined) return credential
      const why = problem === undefined ? '' : `: while creating initial PodCertificateRequest: ${problem.message}`
      throw new WherryError('NotFound', `credential bundle is not issued yet${why}`)
    },
    stop() {
      stopped = true
      forgetWake()
      decided.resolve()
    },
  }
}

const credentialOf = (state: CertificateState): Credential | undefined =>
  state.phase === 'fresh' || state.phase === 'refreshing' ? state.credential : undefined

const because =
  (words: string) =>
  (cause: unknown): never => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new WherryError(cause instanceof WherryError ? cause.code : 'InternalError', `${words}: ${message}`, { cause })
  }
