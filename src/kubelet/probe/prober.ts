import type { Probe } from '#api/core/v1/types.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { KubeletObserver, NetworkProbe, ProbeAnswer } from '../interfaces.ts'
import type { ProbeResult, ProbeResults } from '../pod/view.ts'
import type { Runtime } from '../runtime.ts'
import { ask, type ProbeTarget } from './ask.ts'
import { afterAnswer, firstAt, initialState, type ProbeState, type ProbeType, periodMs } from './probe-schedule.ts'

/** A running container whose probes are to be asked. */
export interface Probed extends ProbeTarget {
  readonly startedAt: Instant
  /** What the API server was told of this container by a former kubelet: it counts until the first answer. */
  readonly adopted: { readonly started: boolean; readonly ready: boolean } | undefined
  /** The pod is ending: only readiness is asked still, and nothing kills. */
  readonly isEnding: boolean
}

/** The probes of one pod. Each waits for a deadline of its own; nothing runs while none is due. */
export interface Prober {
  /** These run now; probes of others end. */
  watch(containers: readonly Probed[]): void
  results(): ReadonlyMap<string, ProbeResults>
  close(): void
}

export interface ProberOptions {
  readonly runtime: Pick<Runtime, 'execSync'>
  readonly network: NetworkProbe
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** A result changed. */
  readonly onChange: () => void
  /** A probe failed, could not be asked, or was answered in a strange way: `Readiness probe failed: …`. */
  readonly tell: (container: string, reason: 'Unhealthy' | 'ProbeWarning', message: string) => void
  /** For metrics. */
  readonly observe?: (probe: Omit<Parameters<KubeletObserver['probed']>[0], 'pod'>) => void
}

export function createProber({ runtime, network, clock, random, log, onChange, tell, observe }: ProberOptions): Prober {
  const containers = new Map<string, Followed>()

  function start(probed: Probed): Followed {
    const { container, adopted } = probed
    const followed: Followed = { probed, probes: new Map() }
    const specs = { startup: container.startupProbe, liveness: container.livenessProbe, readiness: container.readinessProbe }
    const seeds: Partial<Record<ProbeType, ProbeResult | undefined>> = {
      startup: adopted?.started ? 'success' : undefined,
      readiness: adopted?.ready ? 'success' : undefined,
    }
    for (const type of types) {
      const spec = specs[type]
      if (spec === undefined) continue
      followed.probes.set(type, { type, spec, state: initialState(type, seeds[type]), forget: undefined, isAsking: false })
    }
    return followed
  }

  /** Sets the next deadline of every probe that may be asked and waits for none. */
  function arm(followed: Followed): void {
    const startup = followed.probes.get('startup')
    const isStarted = startup === undefined || startup.state.result === 'success'
    for (const one of followed.probes.values()) {
      if (one.forget !== undefined || one.isAsking || one.state.isDecided) continue
      if ((one.type === 'startup') === isStarted) continue
      if (followed.probed.isEnding && one.type !== 'readiness') continue
      // After a restart of the kubelet all containers come at once: spread their first probes over a period.
      const spreadMs = followed.probed.adopted === undefined ? 0 : random.next() * periodMs(one.spec)
      const now = clock.now()
      // What started in a time to come did so before the clock was set back.
      schedule(followed, one, Math.max(firstAt(one.spec, Math.min(followed.probed.startedAt, now)), now + spreadMs))
    }
  }

  function schedule(followed: Followed, one: Armed, at: Instant): void {
    one.forget = clock.schedule(at, () => {
      one.forget = undefined
      void run(followed, one)
    })
  }

  async function run(followed: Followed, one: Armed): Promise<void> {
    const { probed } = followed
    const startedMs = clock.monotonicMs()
    const observed = (result: 'successful' | 'failed' | 'unknown') =>
      observe?.({ type: titles[one.type], result, container: probed.container.name, seconds: (clock.monotonicMs() - startedMs) / 1000 })
    one.isAsking = true
    try {
      const { result, output, isWarning } = await askInEarnest(one.spec, probed)
      observed(result === 'success' ? 'successful' : 'failed')
      if (containers.get(probed.containerId) !== followed) return
      if (result === 'failure') tell(probed.container.name, 'Unhealthy', `${titles[one.type]} probe failed: ${output}`)
      else if (isWarning) tell(probed.container.name, 'ProbeWarning', `${titles[one.type]} probe warning: ${output}`)
      const before = one.state
      one.state = afterAnswer(before, one.type, one.spec, result)
      if (one.state.result !== before.result) onChange()
    } catch (error) {
      observed('unknown')
      log.debug('a probe could not be asked', { container: probed.container.name, probe: one.type, error })
      // It says nothing of the container, but its owner wants to know: a command that is not there, a port of an unknown name.
      if (containers.get(probed.containerId) === followed && !isError(error, 'ServiceUnavailable'))
        tell(
          probed.container.name,
          'Unhealthy',
          `${titles[one.type]} probe errored and resulted in unknown state: ${error instanceof Error ? error.message : String(error)}`,
        )
    } finally {
      one.isAsking = false
    }
    if (containers.get(probed.containerId) !== followed) return
    const mayAskAgain = !one.state.isDecided && !(followed.probed.isEnding && one.type !== 'readiness')
    // By what has passed, whatever became of the time of day meanwhile.
    const leftMs = Math.max(0, startedMs + periodMs(one.spec) - clock.monotonicMs())
    if (mayAskAgain) schedule(followed, one, clock.now() + leftMs)
    // A startup probe that succeeded lets the others begin.
    if (one.type === 'startup') arm(followed)
  }

  /** What could not be asked is asked again at once, as the reference does: a runtime that was busy may hear it then. */
  async function askInEarnest(spec: Probe, probed: Probed): Promise<ProbeAnswer> {
    for (let attempt = 1; ; attempt += 1)
      try {
        return await ask(spec, probed, { runtime, network })
      } catch (error) {
        if (attempt === ATTEMPTS_MAX) throw error
      }
  }

  function stop(followed: Followed): void {
    containers.delete(followed.probed.containerId)
    for (const one of followed.probes.values()) one.forget?.()
  }

  return {
    watch(wanted) {
      const ids = new Set(wanted.map(({ containerId }) => containerId))
      for (const followed of [...containers.values()]) if (!ids.has(followed.probed.containerId)) stop(followed)
      for (const probed of wanted) {
        const known = containers.get(probed.containerId)
        const followed = known ?? start(probed)
        if (known !== undefined) known.probed = { ...probed, adopted: known.probed.adopted }
        containers.set(probed.containerId, followed)
        if (probed.isEnding)
          for (const one of followed.probes.values())
            if (one.type !== 'readiness') {
              one.forget?.()
              one.forget = undefined
            }
        arm(followed)
      }
    },
    results: () =>
      new Map(
        [...containers].map(([id, { probes }]) => {
          const of = (type: ProbeType) => probes.get(type)?.state.result ?? 'unknown'
          return [id, { startup: of('startup'), liveness: of('liveness'), readiness: of('readiness') }]
        }),
      ),
    close() {
      for (const followed of [...containers.values()]) stop(followed)
    },
  }
}

interface Followed {
  probed: Probed
  readonly probes: Map<ProbeType, Armed>
}
interface Armed {
  readonly type: ProbeType
  readonly spec: Probe
  state: ProbeState
  forget: (() => void) | undefined
  isAsking: boolean
}

const ATTEMPTS_MAX = 3
const types: readonly ProbeType[] = ['startup', 'liveness', 'readiness']
const titles = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const
