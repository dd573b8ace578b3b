import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeletConfiguration, kubeletConfiguration, shownConfiguration } from './kubelet-configuration.ts'

check('nothing said', {}, { maxPods: 110, nodeStatusReportFrequency: '5m0s', serializeImagePulls: true, rotateCertificates: true })
check('the type may be named', { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', maxPods: 3 }, { maxPods: 3 })
check('a duration in any form', { imageMinimumGCAge: '90s' }, { imageMinimumGCAge: '1m30s' })
check(
  'a duration of nothing, as tools write it for what nobody said',
  { streamingConnectionIdleTimeout: '0s', nodeStatusUpdateFrequency: '0s', runtimeRequestTimeout: '0s', imageMaximumGCAge: '0s' },
  { streamingConnectionIdleTimeout: '4h0m0s', nodeStatusUpdateFrequency: '10s', runtimeRequestTimeout: '2m0s', imageMaximumGCAge: '0s' },
)
check('a period of quotas', { cpuCFSQuotaPeriod: '10ms' }, { cpuCFSQuotaPeriod: '10ms' })
check('parallel pulls imply that they are', { maxParallelImagePulls: 4 }, { serializeImagePulls: false })
check('a threshold drops the default ones', { evictionHard: { 'memory.available': '5%' } }, { evictionHard: { 'memory.available': '5%' } })
check(
  'unless they are merged',
  { evictionHard: { 'memory.available': '5%' }, mergeDefaultEvictionSettings: true },
  {
    evictionHard: {
      'memory.available': '5%',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '15%',
      'imagefs.inodesFree': '5%',
    },
  },
)
check(
  'groups fill up',
  { authentication: { webhook: { cacheTTL: '1s' } } },
  { authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '1s' }, anonymous: { enabled: false } } },
)
check(
  'reservations, canonical',
  { systemReserved: { memory: '1024Mi' }, reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }] },
  { systemReserved: { memory: '1Gi' }, reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }] },
)
check('a default that cannot be otherwise', { enableServer: true }, { enableServer: true })
check(
  'rates and a port for watchdogs, as hardening guides and kubeadm have them',
  { eventRecordQPS: 0, registryPullQPS: 0, healthzPort: 10_248 },
  { eventRecordQPS: 0, eventBurst: 100, registryPullQPS: 0, registryBurst: 10, healthzPort: 10_248, healthzBindAddress: '127.0.0.1' },
)
refuse('health at a name', { healthzBindAddress: 'localhost' }, /kubelet\.healthzBindAddress must be an IP address/)

refuse('what there is not', { runTwice: true }, /no setting kubelet\.runTwice/)
refuse('an agent that runs pods once', { runOnce: true }, /kubelet\.runOnce must be false, since/)
check(
  'what kubeadm writes out though nobody asked for it',
  {
    containerRuntimeEndpoint: '',
    healthzBindAddress: '127.0.0.1',
    logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } }, verbosity: 0 },
    memorySwap: {},
    volumeStatsAggPeriod: '0s',
  },
  { containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock', volumeStatsAggPeriod: '1m0s' },
)
refuse('logs in another form', { logging: { format: 'json' } }, /kubelet\.logging must be \{\}, since/)
check(
  'suites of TLS',
  { tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'], tlsMinVersion: 'VersionTLS12' },
  { tlsMinVersion: 'VersionTLS12' },
)
refuse('a suite that is none', { tlsCipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] }, /tlsCipherSuites must be a list of TLS_AES/)
refuse('an old version', { tlsMinVersion: 'VersionTLS10' }, /tlsMinVersion must be one of/)
refuse(
  'suites that an older version has not',
  { tlsCipherSuites: ['TLS_AES_128_GCM_SHA256'] },
  /tlsCipherSuites must name a suite of TLS 1\.2/,
)
refuse('another version', { apiVersion: 'kubelet.config.k8s.io/v1' }, /kubelet\.apiVersion must be kubelet\.config\.k8s\.io\/v1beta1/)
refuse('a wrong type', { maxPods: '110' }, /kubelet\.maxPods must be a whole number from 0, not "110"/)
refuse('what cannot be otherwise', { cgroupsPerQOS: false }, /kubelet\.cgroupsPerQOS must be true, since/)
refuse('what the node’s own settings say', { port: 1 }, /kubelet\.port must be 10250, since the node’s own settings/)
refuse('an unknown member', { crashLoopBackOff: { max: '1s' } }, /kubelet\.crashLoopBackOff must be a mapping of maxContainerRestartPeriod/)
refuse('an unknown signal', { evictionHard: { 'cpu.available': '1' } }, /kubelet\.evictionHard must be quantities or percentages by signal/)
refuse('more than all of it', { evictionHard: { 'memory.available': '101%' } }, /kubelet\.evictionHard/)
refuse(
  'a soft threshold without grace',
  { evictionSoft: { 'memory.available': '1Gi' } },
  /evictionSoftGracePeriod must have .* memory\.available/,
)
refuse('thresholds in the wrong order', { imageGCLowThresholdPercent: 90 }, /90 must be less than imageGCHighThresholdPercent 85/)
refuse('pulls that are one and many', { maxParallelImagePulls: 2, serializeImagePulls: true }, /cannot be larger than 1/)
refuse('a longer end for critical pods than for all', { shutdownGracePeriodCriticalPods: '2s' }, /2s must be <= shutdownGracePeriod 0s/)
refuse('a period too short', { cpuCFSQuotaPeriod: '500us' }, /cpuCFSQuotaPeriod must be a duration such as "30s", at least 1ms/)
refuse('a period too long', { cpuCFSQuotaPeriod: '2s' }, /2s must be between 1ms and 1s/)
refuse('a group that is not named', { enforceNodeAllocatable: ['kube-reserved'] }, /kubeReservedCgroup must be specified/)
refuse('none and more', { enforceNodeAllocatable: ['none', 'pods'] }, /may not contain additional/)
refuse('a back-off too long', { crashLoopBackOff: { maxContainerRestartPeriod: '6m' } }, /between 1s and 300s/)
refuse('log queries without logs', { enableSystemLogQuery: true, enableSystemLogHandler: false }, /required for enableSystemLogQuery/)
check('a feature gate', { featureGates: { PodCertificateRequest: true } }, { featureGates: { PodCertificateRequest: true } })
check('a feature gate as it is anyway', { featureGates: { NodeSwap: true } }, { featureGates: { NodeSwap: true } })
refuse('a feature gate that is always on', { featureGates: { NodeSwap: false } }, /kubelet\.featureGates cannot turn NodeSwap off/)
refuse('a feature gate that is none', { featureGates: { NodeSwop: true } }, /names the unrecognized feature gate NodeSwop/)
refuse('a feature gate in words', { featureGates: { NodeSwap: 'true' } }, /kubelet\.featureGates must be a mapping .* true or false/)
check('no traces', {}, { tracing: undefined })
check('traces, but none by chance', { tracing: {} }, { tracing: {} })
check(
  'some traces',
  { tracing: { endpoint: 'collector.example:4317', samplingRatePerMillion: 100 } },
  { tracing: { endpoint: 'collector.example:4317', samplingRatePerMillion: 100 } },
)
refuse(
  'fewer traces than none',
  { tracing: { samplingRatePerMillion: -1 } },
  /^kubelet\.tracing\.samplingRatePerMillion: Invalid value: -1: sampling rate must be positive$/,
)
refuse(
  'more traces than all',
  { tracing: { samplingRatePerMillion: 1_000_001 } },
  /^kubelet\.tracing\.samplingRatePerMillion: Invalid value: 1000001: sampling rate per million must be less than or equal to one million$/,
)
refuse(
  'a collector that nobody can reach',
  { tracing: { endpoint: 'ftp://a', samplingRatePerMillion: -1 } },
  /\[kubelet\.tracing\.samplingRatePerMillion: .*, kubelet\.tracing\.endpoint: Invalid value: "ftp:\/\/a": unsupported scheme: ftp\./,
)
refuse('a part of a trace', { tracing: { samplingRatePerMillion: 0.5 } }, /kubelet\.tracing must be a mapping of endpoint .*, not /)
refuse('traces of another form', { tracing: { exporter: 'jaeger' } }, /kubelet\.tracing must be a mapping of endpoint/)
check('ids of a pod in whole units', { userNamespaces: { idsPerPod: 131_072 } }, { userNamespaces: { idsPerPod: 131_072 } })
refuse('ids between units', { userNamespaces: { idsPerPod: 100_000 } }, /kubelet\.userNamespaces.* idsPerPod \(a multiple of 65536/)
refuse('more ids than there are', { userNamespaces: { idsPerPod: 2 ** 32 } }, /kubelet\.userNamespaces/)
const cpuOptions = (options: object) => ({ cpuManagerPolicy: 'static', cpuManagerPolicyOptions: options })
refuse(
  'an option of CPUs that there is not',
  cpuOptions({ 'half-pcpus': 'true' }),
  /no option kubelet\.cpuManagerPolicyOptions\.half-pcpus/,
)
refuse('an option that is neither true nor false', cpuOptions({ 'full-pcpus-only': 'yes' }), /full-pcpus-only must be "true" or "false"/)
refuse(
  'an option of placement that there is not',
  { topologyManagerPolicyOptions: { closest: 'true' } },
  /no option kubelet\.topologyManagerPolicyOptions\.closest/,
)

test('what the node decides stands in it, and is shown', () => {
  const tracing = { samplingRatePerMillion: 5 }
  const made = kubeletConfiguration({ maxPods: 5, tracing }, { port: 10260, clusterDNS: ['10.96.0.10'], clientCAFile: '/ca.crt' })
  const shown = shownConfiguration(made) as Record<string, unknown>
  assert.deepEqual(
    [shown['kind'], shown['port'], shown['clusterDNS'], shown['maxPods'], shown['authentication']],
    [
      'KubeletConfiguration',
      10260,
      ['10.96.0.10'],
      5,
      { x509: { clientCAFile: '/ca.crt' }, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
    ],
  )
  assert.deepEqual(shown['tracing'], tracing)
  for (const name of ['featureGates', 'staticPodPath', 'allowedUnsafeSysctls', 'userNamespaces']) assert.ok(!(name in shown), name)
})

function check(title: string, section: object, expected: Partial<KubeletConfiguration>): void {
  test(title, () => {
    const made = kubeletConfiguration(section)
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(made[name as keyof KubeletConfiguration], value, name)
  })
}

function refuse(title: string, section: object, message: RegExp): void {
  test(`refuses ${title}`, () =>
    assert.throws(() => kubeletConfiguration(section, {}, (field) => `kubelet.${field}`), { code: 'Invalid', message }))
}
