import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { madePod, testPods } from '../eviction/testing.ts'
import type { Runtime } from '../runtime.ts'
import { createKubeletMetrics, type KubeletMetrics } from './kubelet-metrics.ts'
import { measuredRuntime } from './measured-runtime.ts'
import { observePods } from './pod-counts.ts'

const pod = { name: 'web', namespace: 'default', uid: 'u' }

check('evictions', (m) => m.evicted('memory.available'), 'kubelet_evictions{eviction_signal="memory.available"} 1')
check('images removed', (m) => m.imageRemoved('space'), 'kubelet_image_garbage_collected_total{reason="space"} 1')
check('a known refusal', (m) => m.rejected('Evicted'), 'kubelet_admission_rejections_total{reason="Evicted"} 1')
check(
  'one for a resource of its own',
  (m) => m.rejected('OutOfexample.com/dongle'),
  'kubelet_admission_rejections_total{reason="OutOfExtendedResources"} 1',
)
check('one that somebody made up', (m) => m.rejected('my words'), 'kubelet_admission_rejections_total{reason="Other"} 1')
check(
  'an image asked for',
  (m) => m.images.ensured('IfNotPresent', true, undefined),
  'kubelet_image_manager_ensure_image_requests_total{present_locally="true",pull_policy="ifnotpresent",pull_required="unknown"} 1',
)
check(
  'an image pulled',
  (m) => m.images.pulled(11 * 2 ** 20, 4_000),
  'kubelet_image_pull_duration_seconds_bucket{image_size_in_bytes="10MB-100MB",le="5"} 1',
)
check('an image of no size', (m) => m.images.pulled(0, 1), 'kubelet_image_pull_duration_seconds_count{image_size_in_bytes="N/A"} 1')
check('a shutdown that goes on', (m) => m.shutdown(1_767_225_600, undefined), 'kubelet_graceful_shutdown_start_time_seconds 1.7672256e+09')
check(
  'a plug-in',
  (m) => m.devices.registered('example.com/gpu'),
  'kubelet_device_plugin_registration_total{resource_name="example.com/gpu"} 1',
)
check(
  'a driver’s call',
  (m) => m.dra.call('gpu', '/x/NodePrepareResources', 'OK', 0.05),
  'dra_grpc_operations_duration_seconds_bucket{driver_name="gpu",grpc_status_code="OK",method_name="/x/NodePrepareResources",le="0.1"} 1',
)

function check(title: string, count: (metrics: KubeletMetrics) => void, line: string): void {
  test(`counts ${title}`, () => {
    const metrics = createKubeletMetrics(createVirtualClock(0))
    count(metrics)
    const shown = metrics.registry.text().split('\n')
    assert.ok(shown.includes(line), `${line}\n${shown.filter((one) => one.startsWith(line.split('{')[0]!)).join('\n')}`)
  })
}

test('probes have a page of their own', () => {
  const metrics = createKubeletMetrics(createVirtualClock(0))
  metrics.probed({ type: 'Readiness', result: 'failed', container: 'main', pod, seconds: 0.02 })
  const page = metrics.probeRegistry.text()
  assert.match(
    page,
    /^prober_probe_total\{container="main",namespace="default",pod="web",pod_uid="u",probe_type="Readiness",result="failed"\} 1$/m,
  )
  assert.match(page, /^prober_probe_duration_seconds_count\{container="main",namespace="default",pod="web",probe_type="Readiness"\} 1$/m)
  assert.doesNotMatch(metrics.registry.text(), /prober_/)
})

test('what is asked of the runtime is counted on the way, and comes back as it was', async () => {
  const clock = createVirtualClock(0)
  const registry = createRegistry()
  const made = {
    version: async () => ({ name: 'containerd', version: '1' }),
    runSandbox: async () => 's',
    async createContainer(_: string, { metadata }: { metadata: { name: string } }) {
      if (metadata.name === 'bad') throw new WherryError('InternalError', 'no room')
      return `c-${metadata.name}`
    },
    startContainer: async () => Promise.reject(new WherryError('InternalError', 'no such file')),
  } as unknown as Runtime
  const web = madePod({ name: 'web', spec: { containers: [{ name: 'main' }], initContainers: [{ name: 'setup' }, { name: 'bad' }] } })
  const runtime = measuredRuntime(made, { registry, clock, podOf: () => web })
  assert.deepEqual(await runtime.version(), { name: 'containerd', version: '1' })
  const sandbox = { metadata: { uid: 'uid-web' }, runtimeHandler: 'kata', security: { userNamespace: { mode: 'pod' } } } as never
  assert.equal(await runtime.runSandbox(sandbox), 's')
  assert.equal(await runtime.createContainer('s', { metadata: { name: 'setup', attempt: 0 } } as never, sandbox), 'c-setup')
  await assert.rejects(runtime.createContainer('s', { metadata: { name: 'bad', attempt: 0 } } as never, sandbox), /no room/)
  await assert.rejects(runtime.startContainer('c-setup'), /no such file/)
  const shown = registry.text().split('\n')
  for (const line of [
    'kubelet_runtime_operations_total{operation_type="create_container"} 2',
    'kubelet_runtime_operations_errors_total{operation_type="create_container"} 1',
    'kubelet_runtime_operations_duration_seconds_count{operation_type="version"} 1',
    'kubelet_run_podsandbox_duration_seconds_count{runtime_handler="kata"} 1',
    'kubelet_started_pods_total 1',
    'kubelet_started_pods_errors_total 0',
    'kubelet_started_user_namespaced_pods_total 1',
    'kubelet_started_user_namespaced_pods_errors_total 1',
    'kubelet_started_containers_total{container_type="init_container"} 2',
    'kubelet_started_containers_errors_total{code="CreateContainerError",container_type="init_container"} 1',
    'kubelet_started_containers_errors_total{code="RunContainerError",container_type="init_container"} 1',
  ])
    assert.ok(shown.includes(line), line)
})

test('pods are counted when somebody looks', () => {
  const registry = createRegistry()
  const pods = testPods([
    { name: 'one' },
    { name: 'static', annotations: { 'kubernetes.io/config.source': 'file' } },
    { name: 'done', phase: 'Succeeded', sandboxId: undefined, containers: [] },
  ])
  observePods(registry, pods, 'node')
  pods.remove('one')
  const shown = registry.text().split('\n')
  for (const line of [
    'kubelet_node_name{node="node"} 1',
    'kubelet_running_pods 1',
    'kubelet_running_containers{container_state="running"} 1',
    'kubelet_desired_pods{static="false"} 1',
    'kubelet_desired_pods{static="true"} 1',
    'kubelet_active_pods{static="true"} 1',
    'kubelet_mirror_pods 1',
  ])
    assert.ok(shown.includes(line), line)
})
