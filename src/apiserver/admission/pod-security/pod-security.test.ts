import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isError } from '#lib/errors.ts'
import { memoryObjects } from '../../authorization/testing/memory-objects.ts'
import { type AskedOptions, askedOf, assertForbidden, runPlugin } from '../testing.ts'
import { podSecurity } from './pod-security.ts'

type Labels = Readonly<Record<string, string>>
const labelled = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]))

function namespaceWith(labels: Labels) {
  const objects = memoryObjects()
  objects.put(Namespace, { metadata: { name: 'd', labels: labelled(labels) } })
  return objects
}

const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const pod = (container: object = {}, spec: object = {}, annotations: object = {}) => ({
  metadata: { annotations },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    ...spec,
    containers: [
      { name: 'c', ...container, securityContext: { ...hardened, ...(container as { securityContext?: object }).securityContext } },
    ],
  },
})

/** What is wrong with a pod by a level; undefined: nothing is. */
function check(name: string, level: string, object: object, violations: string | undefined, version = 'latest'): void {
  test(`${level} ${version}: ${name}`, async () => {
    const objects = namespaceWith({ enforce: level, 'enforce-version': version })
    const run = runPlugin(podSecurity(), askedOf(objects, Pod, object))
    if (violations === undefined) await run
    else await assertForbidden(run, `violates PodSecurity "${level}:${version}": ${violations}`)
  })
}

check('a hardened pod', 'restricted', pod(), undefined)
check('anything', 'privileged', pod({ securityContext: { privileged: true } }, { hostPID: true }), undefined)
check(
  'the host',
  'baseline',
  pod({ ports: [{ hostPort: 80 }] }, { hostNetwork: true, hostIPC: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
  'host namespaces (hostNetwork=true, hostIPC=true), hostPath volumes (volume "v"), hostPort (container "c" uses hostPort 80)',
)
check(
  'two containers at once',
  'baseline',
  pod({ securityContext: { privileged: true } }, { initContainers: [{ name: 'i', securityContext: { privileged: true } }] }),
  'privileged (containers "i", "c" must not set securityContext.privileged=true)',
)
check(
  'capabilities',
  'baseline',
  pod({ securityContext: { capabilities: { add: ['NET_RAW', 'CHOWN', 'SYS_ADMIN'] } } }),
  'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
)
check(
  'a restricted rule takes the place of its baseline one',
  'restricted',
  pod({ securityContext: { capabilities: { add: ['CHOWN'], drop: ['ALL'] } } }, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
  'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add), restricted volume types (volume "v" uses restricted volume type "hostPath")',
)
check(
  'nothing said',
  'restricted',
  { metadata: {}, spec: { containers: [{ name: 'c' }] } },
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
)
check(
  'pod and container set what they must not',
  'baseline',
  pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
  'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
)
const sysctl = (name: string) => pod({}, { securityContext: { sysctls: [{ name, value: '1' }] } })
check('a sysctl', 'baseline', sysctl('kernel.msgmax'), 'forbidden sysctls (kernel.msgmax)')
check('a sysctl of later', 'baseline', sysctl('net.ipv4.tcp_rmem'), undefined)
check('a sysctl of later', 'baseline', sysctl('net.ipv4.tcp_rmem'), 'forbidden sysctls (net.ipv4.tcp_rmem)', 'v1.31')
check('no capabilities rule yet', 'restricted', pod({ securityContext: { capabilities: { drop: [] } } }), undefined, 'v1.21')
check('a root in a user namespace', 'restricted', pod({ securityContext: { runAsUser: 0 } }, { hostUsers: false }), undefined)
check('a root', 'restricted', pod({ securityContext: { runAsUser: 0 } }), 'runAsUser=0 (container "c" must not set runAsUser=0)', 'v1.34')
check(
  'AppArmor, by annotation too',
  'baseline',
  pod({}, {}, { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' }),
  'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/c="unconfined"")',
)
check(
  'a Windows pod needs no Linux settings',
  'restricted',
  { metadata: {}, spec: { os: { name: 'windows' }, securityContext: { runAsNonRoot: true }, containers: [{ name: 'c' }] } },
  undefined,
)

test('what is not enforced is warned of and told the auditor', async () => {
  const asked = askedOf(namespaceWith({ warn: 'baseline', audit: 'restricted' }), Pod, pod({}, { hostPID: true }))
  await runPlugin(podSecurity(), asked)
  const text = 'would violate PodSecurity "LEVEL:latest": host namespaces (hostPID=true)'
  assert.deepEqual(asked.warnings, [text.replace('LEVEL', 'baseline')])
  assert.deepEqual(Object.fromEntries(asked.annotations), {
    'pod-security.kubernetes.io/enforce-policy': 'privileged:latest',
    'pod-security.kubernetes.io/audit-violations': text.replace('LEVEL', 'restricted'),
  })
})

test('what makes pods later is only warned of, by the enforced level where no other is named', async () => {
  const template = { spec: { hostPID: true, containers: [{ name: 'c' }] } }
  const asked = askedOf(namespaceWith({ enforce: 'baseline' }), Deployment, { spec: { template } })
  await runPlugin(podSecurity(), asked)
  assert.deepEqual(asked.warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
})

const updated = (previous: object, subresource = ''): AskedOptions => ({ operation: 'UPDATE', previous, subresource })
test('an update that changes no image is let be', async () => {
  const bad = pod({ image: 'i', securityContext: { privileged: true } })
  const objects = namespaceWith({ enforce: 'baseline' })
  await runPlugin(podSecurity(), askedOf(objects, Pod, bad, updated(bad)))
  const other = pod({ image: 'j', securityContext: { privileged: true } })
  await assert.rejects(runPlugin(podSecurity(), askedOf(objects, Pod, other, updated(bad))), /violates PodSecurity/)
  await runPlugin(podSecurity(), askedOf(objects, Pod, other, updated(bad, 'status')))
})

const namespace = (labels: Labels) => ({ metadata: { name: 'd', labels: labelled(labels) } })
test('a label that names no policy', async () => {
  const run = (object: object, options?: AskedOptions) => runPlugin(podSecurity(), askedOf(memoryObjects(), Namespace, object, options))
  await assert.rejects(
    run(namespace({ enforce: 'bad', 'warn-version': 'v1' })),
    (error: Error) =>
      isError(error, 'Invalid') &&
      error.message ===
        'Namespace "d" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "bad": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v1": must be "latest" or "v1.x"]',
  )
  // One that was there before does not keep others from being changed.
  await run(namespace({ enforce: 'bad' }), updated(namespace({ enforce: 'bad' })))
})

test('a namespace that becomes stricter tells of its pods', async () => {
  const objects = memoryObjects()
  for (const name of ['b', 'a', 'fine']) {
    const object = name === 'fine' ? pod() : pod({}, { hostPID: true })
    objects.put(Pod, { ...object, metadata: { name, namespace: 'd' } })
  }
  const asked = askedOf(objects, Namespace, namespace({ enforce: 'baseline' }), updated(namespace({})))
  await runPlugin(podSecurity(), asked)
  assert.deepEqual(asked.warnings, [
    'existing pods in namespace "d" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 1 other pod): host namespaces',
  ])
})

test('exemptions', async () => {
  const bad = pod({}, { hostPID: true, runtimeClassName: 'r' })
  for (const exemptions of [{ namespaces: ['d'] }, { usernames: ['u'] }, { runtimeClasses: ['r'] }]) {
    const asked = askedOf(namespaceWith({ enforce: 'baseline' }), Pod, bad)
    await runPlugin(podSecurity({ exemptions }), asked)
    assert.ok(asked.annotations.has('pod-security.kubernetes.io/exempt'))
  }
})

test('a configuration counts where the namespace says nothing, and not for who is exempt', async () => {
  const strict = { level: 'restricted', version: 'latest' } as const
  const exemptions = { usernames: ['root'], runtimeClasses: ['vm'], namespaces: ['free'] }
  const plugin = podSecurity({ defaults: { enforce: strict, audit: strict, warn: strict }, exemptions })
  const objects = memoryObjects()
  for (const [name, labels] of [
    ['d', {}],
    ['free', {}],
    ['lax', labelled({ enforce: 'privileged', audit: 'privileged', warn: 'privileged' })],
  ] as const)
    objects.put(Namespace, { metadata: { name, labels } })
  const bad = (spec: object = {}) => pod({ securityContext: { privileged: true } }, spec)
  const run = (object: object, options?: AskedOptions) => runPlugin(plugin, askedOf(objects, Pod, object, options))
  await assert.rejects(run(bad()), /violates PodSecurity "restricted:latest"/)
  await run(pod())
  await run(bad(), { namespace: 'lax' })
  await run(bad(), { namespace: 'free' })
  await run(bad(), { user: { name: 'root', groups: [] } })
  await run(bad({ runtimeClassName: 'vm' }))
})
