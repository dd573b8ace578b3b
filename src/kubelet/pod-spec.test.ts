import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import type { ContainerConfig, SandboxConfig } from './runtime.ts'
import { memoryFiles } from './test-node.ts'
import { asked, container, world } from './test-world.ts'

/**
 * Every field of PodSpec that changes what the runtime is asked for, one line each: what is in the pod, what comes out. Fields that decide when
 * and whether (restarts, probes, hooks, graces, admission) have tests of their own beside the code.
 */

const handlers = [
  { name: '', features: { userNamespaces: true, recursiveReadOnlyMounts: true } },
  { name: 'plain', features: {} },
]

/** `main` is the container under test; `seen` picks what matters of what the runtime was asked for. */
function check(
  field: string,
  spec: object,
  seen: (container: ContainerConfig, sandbox: SandboxConfig) => unknown,
  expected: unknown,
): void {
  test(`pod spec: ${field}`, async (t) => {
    const made = asked()
    const files = { ...memoryFiles(), readInside: async (folder: string) => Buffer.from(`IN='${folder}'\n`) }
    await files.write('/etc/resolv.conf', 'nameserver 192.0.2.53\nsearch example.com\n', 0o644)
    await files.write('/etc/hosts', '127.0.0.1 localhost\n', 0o644)
    const parts = { parts: { runtimeHandler: async (name: string) => (name === 'gvisor' ? 'runsc' : name) } }
    const { node, pass } = await world(t, {}, 1, files, made.through, parts)
    await node.client.patch(Node, 'node', { type: 'merge', body: { status: { runtimeHandlers: handlers } } }, { subresource: 'status' })
    for (const [name, handler] of Object.entries({ gvisor: 'runsc', plain: 'plain' }))
      await node.client.create(RuntimeClass, { metadata: { name }, handler })
    await pass(10)
    await node.create('one', { containers: [container('main')], ...spec })
    await pass(1000)
    const [sandbox] = made.sandboxes
    const config = made.containers.get('main')
    assert.ok(config && sandbox, JSON.stringify((await node.pod('one'))!.status))
    assert.deepEqual(seen(config, sandbox), expected)
  })
}
const main = (more: object, pod: object = {}) => ({ ...pod, containers: [container('main', 'app', more)] })
const security = (own: object, pods: object = {}) => main({ securityContext: own }, { securityContext: pods })
const variable = (config: ContainerConfig, name: string) => config.env.find(({ key }) => key === name)?.value
const mountAt = (config: ContainerConfig, path: string) => config.mounts.find(({ containerPath }) => containerPath === path)

// What the pod's processes share, and with whom.
check('hostNetwork', { hostNetwork: true }, (c, s) => [c.security.network, s.security.network, s.hostname], ['node', 'node', ''])
check('hostPID', { hostPID: true }, (c, s) => [c.security.pid, s.security.pid], ['node', 'node'])
check('hostIPC', { hostIPC: true }, (c, s) => [c.security.ipc, s.security.ipc], ['node', 'node'])
check('shareProcessNamespace', { shareProcessNamespace: true }, (c, s) => [c.security.pid, s.security.pid], ['pod', 'pod'])
check('no shared namespaces', {}, (c) => [c.security.network, c.security.pid, c.security.ipc], ['pod', 'container', 'pod'])
// Where a node of the name "node" begins.
const users = [{ hostId: 1_308_033_024, containerId: 0, length: 65_536 }]
check('hostUsers', { hostUsers: false }, (c, s) => [c.security.userNamespace, s.security.userNamespace], [
  { mode: 'pod', uids: users, gids: users },
  { mode: 'pod', uids: users, gids: users },
])
check(
  'hostUsers, volumes',
  main({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { hostUsers: false, volumes: [{ name: 'v', emptyDir: {} }] }),
  (c) => ['/v', '/etc/hosts', '/dev/termination-log'].map((path) => mountAt(c, path)?.uidMappings),
  [users, users, users],
)
check('hostUsers of the node', { hostUsers: true }, (c) => c.security.userNamespace, undefined)

// Names.
check('hostname', { hostname: 'web' }, (_, s) => s.hostname, 'web')
check(
  'subdomain',
  { hostname: 'web', subdomain: 'sub', setHostnameAsFQDN: true },
  (_, s) => s.hostname,
  'web.sub.default.svc.cluster.local',
)
check('subdomain alone', { hostname: 'web', subdomain: 'sub' }, (_, s) => s.hostname, 'web')
check('hostnameOverride', { hostnameOverride: 'my.own.name' }, (_, s) => s.hostname, 'my.own.name')
check('dnsPolicy ClusterFirst', {}, (_, s) => s.dns?.servers, ['10.96.0.10'])
check('dnsPolicy Default', { dnsPolicy: 'Default' }, (_, s) => s.dns, { servers: ['192.0.2.53'], searches: ['example.com'], options: [] })
check(
  'dnsPolicy None',
  { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'], searches: ['a'], options: [{ name: 'ndots', value: '2' }] } },
  (_, s) => s.dns,
  {
    servers: ['192.0.2.1'],
    searches: ['a'],
    options: ['ndots:2'],
  },
)
check('dnsPolicy ClusterFirst on the node’s network', { hostNetwork: true }, (_, s) => s.dns?.servers, ['192.0.2.53'])
check('dnsPolicy ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, (_, s) => s.dns?.servers, [
  '10.96.0.10',
])

// Runtime class and overhead.
check('runtimeClassName', { runtimeClassName: 'gvisor' }, (_, s) => s.runtimeHandler, 'runsc')
check('no runtimeClassName', {}, (_, s) => s.runtimeHandler, '')
const limits = { resources: { limits: { cpu: '500m', memory: '64Mi' } } }
check('resources of the sandbox', main(limits), (_, s) => [s.resources?.cpuQuota, s.resources?.cpuShares, s.resources?.memoryLimitBytes], [
  50_000,
  512,
  2 ** 26,
])

// Security, of the pod and of the container, which wins.
const sysctls = [{ name: 'net.ipv4.tcp_syncookies', value: '0' }]
check('sysctls', { securityContext: { sysctls } }, (_, s) => s.sysctls, { 'net.ipv4.tcp_syncookies': '0' })
check(
  'runAsUser',
  security({ runAsUser: 7 }, { runAsUser: 5, runAsGroup: 6 }),
  (c, s) => [c.security.runAsUser, c.security.runAsGroup, s.security.runAsUser],
  [7, 6, 5],
)
check(
  'fsGroup and supplementalGroups',
  security({}, { fsGroup: 9, supplementalGroups: [8, 9] }),
  (c) => c.security.supplementalGroups,
  [9, 8],
)
check('supplementalGroupsPolicy', security({}, {}), (c) => c.security.supplementalGroupsPolicy, 'Merge')
check('seccompProfile by default', {}, (c) => c.security.seccomp, { type: 'RuntimeDefault' })
check(
  'seccompProfile Unconfined',
  security({ seccompProfile: { type: 'Unconfined' } }, { seccompProfile: { type: 'RuntimeDefault' } }),
  (c) => c.security.seccomp.type,
  'Unconfined',
)
check(
  'seccompProfile Localhost',
  security({}, { seccompProfile: { type: 'Localhost', localhostProfile: 'p/a.json' } }),
  (c) => c.security.seccomp,
  {
    type: 'Localhost',
    localhostRef: '/var/lib/kubelet/seccomp/p/a.json',
  },
)
check(
  'appArmorProfile',
  security({ appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } }, { appArmorProfile: { type: 'RuntimeDefault' } }),
  (c) => c.security.apparmor,
  {
    type: 'Localhost',
    localhostRef: 'mine',
  },
)
check('appArmorProfile of the pod', security({}, { appArmorProfile: { type: 'Unconfined' } }), (c) => c.security.apparmor, {
  type: 'Unconfined',
})
check(
  'seLinuxOptions',
  security({ seLinuxOptions: { level: 's0:c1' } }, { seLinuxOptions: { level: 's0', user: 'u' } }),
  (c, s) => [c.security.selinux, s.security.selinux],
  [
    { user: '', role: '', type: '', level: 's0:c1' },
    { user: 'u', role: '', type: '', level: 's0' },
  ],
)
check(
  'capabilities',
  security({ capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } }),
  (c) => [c.security.addCapabilities, c.security.dropCapabilities],
  [['NET_ADMIN'], ['ALL']],
)
check('privileged', security({ privileged: true }), (c, s) => [c.security.privileged, s.security.privileged], [true, true])
check('allowPrivilegeEscalation', security({ allowPrivilegeEscalation: false }), (c) => c.security.noNewPrivs, true)
check('readOnlyRootFilesystem', security({ readOnlyRootFilesystem: true }), (c) => c.security.readonlyRootfs, true)
check(
  'procMount Unmasked',
  main({ securityContext: { procMount: 'Unmasked' } }, { hostUsers: false }),
  (c) => [c.security.maskedPaths, c.security.readonlyPaths],
  [[], []],
)
check('procMount Default', {}, (c) => [c.security.maskedPaths.includes('/proc/kcore'), c.security.readonlyPaths.includes('/proc/sys')], [
  true,
  true,
])

// What a container is.
check(
  'command and args',
  main({ command: ['sh', '$(A)', '$$(A)', '$(B)'], args: ['$(A)'], env: [{ name: 'A', value: 'a' }] }),
  (c) => [c.command, c.args],
  [['sh', 'a', '$(A)', '$(B)'], ['a']],
)
check('workingDir', main({ workingDir: '/w' }), (c) => c.workingDir, '/w')
check('stdin and tty', main({ stdin: true, stdinOnce: true, tty: true }), (c) => [c.stdin, c.stdinOnce, c.tty], [true, true, true])
check(
  'ports',
  main({ ports: [{ containerPort: 80, hostPort: 8080, hostIP: '127.0.0.1' }, { containerPort: 81 }] }),
  (_, s) => s.portMappings,
  [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '127.0.0.1' }],
)
check(
  'env of fields',
  main({
    env: [
      { name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'I', value: 'on $(N)' },
    ],
  }),
  (c) => variable(c, 'I'),
  'on one',
)
const fileKeyRef = (key: string, more: object = {}) => ({ valueFrom: { fileKeyRef: { volumeName: 'v', path: 'e', key, ...more } } })
check(
  'env of files',
  main(
    {
      env: [
        { name: 'F', ...fileKeyRef('IN') },
        { name: 'G', ...fileKeyRef('NONE', { optional: true }) },
      ],
    },
    { volumes: [{ name: 'v', emptyDir: {} }] },
  ),
  (c) => [variable(c, 'F'), variable(c, 'G')],
  ['/volumes/v', undefined],
)
check(
  'env of resources',
  main({ ...limits, env: [{ name: 'M', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }] }),
  (c) => variable(c, 'M'),
  '64',
)
check('enableServiceLinks', { enableServiceLinks: false }, (c) => variable(c, 'KUBERNETES_SERVICE_PORT') === undefined, true)
check(
  'terminationMessagePath',
  main({ terminationMessagePath: '/last' }),
  (c) => mountAt(c, '/last')?.hostPath.endsWith('/containers/main/0'),
  true,
)
check(
  'hostAliases',
  { hostAliases: [{ ip: '192.0.2.9', hostnames: ['a'] }] },
  (c) => mountAt(c, '/etc/hosts')?.hostPath.endsWith('/etc-hosts'),
  true,
)
check('files of the node, as the pod may read them', main({}), (c) => c.mounts.map(({ selinuxRelabel }) => selinuxRelabel), [true, true])

// Mounts.
const volumes = [{ name: 'v', emptyDir: {} }]
const mounted = (mount: object, more: object = {}) =>
  main({ volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }], ...more }, { volumes })
check('readOnly', mounted({ readOnly: true }), (c) => [mountAt(c, '/v')?.readonly, mountAt(c, '/v')?.recursiveReadOnly], [true, undefined])
check(
  'recursiveReadOnly Enabled',
  mounted({ readOnly: true, recursiveReadOnly: 'Enabled' }),
  (c) => mountAt(c, '/v')?.recursiveReadOnly,
  true,
)
check(
  'recursiveReadOnly IfPossible, which it is not',
  { ...mounted({ readOnly: true, recursiveReadOnly: 'IfPossible' }), runtimeClassName: 'plain' },
  (c) => mountAt(c, '/v')?.recursiveReadOnly,
  undefined,
)
check('mountPropagation', mounted({ mountPropagation: 'HostToContainer' }), (c) => mountAt(c, '/v')?.propagation, 'HostToContainer')
check('subPath', mounted({ subPath: 'a/b' }), (c) => mountAt(c, '/v')?.hostPath, '/volumes/v/a/b')
check(
  'subPathExpr',
  mounted({ subPathExpr: 'x-$(N)' }, { env: [{ name: 'N', value: 'n' }] }),
  (c) => mountAt(c, '/v')?.hostPath,
  '/volumes/v/x-n',
)

/** Pods that cannot be as they are asked for wait with a reason that says so. */
function waits(field: string, spec: object, reason: string, message: string): void {
  test(`pod spec: ${field}`, async (t) => {
    const { node, pass } = await world(t, {}, 1, undefined, undefined, { parts: { runtimeHandler: async (name) => name } })
    await node.client.patch(
      Node,
      'node',
      { type: 'merge', body: { status: { runtimeHandlers: [{ name: 'plain' }] } } },
      { subresource: 'status' },
    )
    await node.client.create(RuntimeClass, { metadata: { name: 'plain' }, handler: 'plain' })
    await node.create('one', { containers: [container('main')], ...spec })
    await pass(1000)
    const waiting = (await node.pod('one'))!.status.containerStatuses?.[0]?.state.waiting
    if (reason === 'ContainerCreating')
      assert.ok(
        node.events.some((event) => event.includes(message)),
        node.events.join('\n'),
      )
    else assert.deepEqual(waiting, { reason, message })
  })
}
waits(
  'recursiveReadOnly that the runtime has not',
  mounted({ readOnly: true, recursiveReadOnly: 'Enabled' }),
  'CreateContainerConfigError',
  'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime',
)
waits(
  'hostUsers that the handler has not',
  { hostUsers: false, runtimeClassName: 'plain' },
  'ContainerCreating',
  'can\'t set `spec.hostUsers: false`, RuntimeClass handler "plain" does not support user namespaces',
)
waits(
  'hostUsers that the runtime has not',
  { hostUsers: false },
  'ContainerCreating',
  "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
)

test('what all containers of a pod say at their end is bounded', async (t) => {
  const files = memoryFiles()
  const { node, pass, runtime, status } = await world(t, {}, 1, files)
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const made = await node.create('one', { restartPolicy: 'Never', containers: names.map((name) => container(name)) })
  await pass(1000)
  await files.write(`/var/lib/kubelet/pods/${made.metadata.uid}/containers/a/0`, 'x'.repeat(5000), 0o666)
  runtime.crash(runtime.running('a')[0]!, 1)
  await pass(1000)
  assert.equal((await status('a')).state.terminated!.message!.length, 2048)
})
