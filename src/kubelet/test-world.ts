import type { TestContext } from 'node:test'
import type { ContainerStatus } from '#api/core/v1/types.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime, type SimulatedRuntime, type SimulatedRuntimeOptions } from '#sim/runtime.ts'
import type { Kubelet } from './kubelet.ts'
import type { ContainerConfig, Runtime, SandboxConfig } from './runtime.ts'
import { createTestNode, memoryFiles, type TestNode, type TestNodeOptions } from './test-node.ts'

/** For tests: a node in virtual time with a simulated runtime. */
export interface World {
  readonly clock: VirtualClock
  readonly runtime: SimulatedRuntime
  readonly node: TestNode
  readonly kubelet: Kubelet
  /** Short form of a pod: `Running main:running/ready/1`. */
  show(name?: string): Promise<string>
  status(container: string, name?: string): Promise<ContainerStatus>
  /** Lets time pass. */
  pass(ms: number): Promise<void>
}

/** `parts`: what the kubelet is given beside that. */
export async function world(
  t: TestContext,
  images: SimulatedRuntimeOptions['images'] = {},
  seed = 1,
  files = memoryFiles(),
  through: (runtime: SimulatedRuntime) => Runtime = (runtime) => runtime,
  parts: Pick<TestNodeOptions, 'parts' | 'config' | 'volumes' | 'cgroups'> &
    Partial<Pick<TestNodeOptions, 'network'>> & {
      readonly client?: TestNodeOptions['through']
      readonly clock?: VirtualClock
    } = {},
): Promise<World> {
  const clock = parts.clock ?? createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(seed), images })
  const node = await createTestNode({
    clock,
    runtime: through(runtime),
    network: runtime.network,
    seed,
    files,
    ...parts,
    ...(parts.client && { through: parts.client }),
  })
  t.after(() => node.close())
  const kubelet = await node.startKubelet()
  await clock.advance(100)
  const find = async (name = 'one') => {
    const pod = await node.pod(name)
    if (pod === undefined) return undefined
    const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
    return { pod, all: [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses] }
  }
  return {
    clock,
    runtime,
    node,
    kubelet,
    async show(name) {
      const found = await find(name)
      if (found === undefined) return 'gone'
      return [found.pod.status?.phase, ...found.all.map(showContainer)].join(' ')
    },
    async status(container, name) {
      return (await find(name))!.all.find((one) => one.name === container)!
    },
    pass: (ms) => clock.advance(ms),
  }
}

function showContainer({ name, state, ready, restartCount }: ContainerStatus): string {
  const text = state.running
    ? 'running'
    : state.terminated
      ? `${state.terminated.reason}(${state.terminated.exitCode})`
      : state.waiting?.reason
  return `${name}:${text}${ready ? '/ready' : ''}${restartCount > 0 ? `/${restartCount}` : ''}`
}

/** Of an image that is there. */
export const container = (name: string, image = 'app', more: object = {}) => ({ name, image, imagePullPolicy: 'IfNotPresent', ...more })
/** Which containers were started, with their attempts. */
export const starts = ({ history }: SimulatedRuntime) => history.filter((line) => line.startsWith('start '))

/** What the runtime was asked to make, by container name; the sandboxes in order. */
export function asked() {
  const containers = new Map<string, ContainerConfig>()
  const sandboxes: SandboxConfig[] = []
  return {
    containers,
    sandboxes,
    through: (runtime: SimulatedRuntime): Runtime => ({
      ...runtime,
      runSandbox(config) {
        sandboxes.push(config)
        return runtime.runSandbox(config)
      },
      createContainer(sandboxId, config, sandbox) {
        containers.set(config.metadata.name, config)
        return runtime.createContainer(sandboxId, config, sandbox)
      },
    }),
  }
}
