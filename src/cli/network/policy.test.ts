import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { answerPolicy, type PolicyQuestion } from './policy.ts'

check('which policies isolate a pod', { target: 'pod/web' }, true, [
  'pod web in shop',
  '  comes in: only what shop/deny, shop/web allow',
  '  goes out: only what shop/deny allows',
])
check('a pod that none isolates', { target: 'pod/other/free' }, true, [
  'pod free in other',
  '  comes in: everything: no policy isolates it this way',
  '  goes out: everything: no policy isolates it this way',
])
check('a rule lets it in', { target: 'pod/web', from: 'pod/other/free', port: '80' }, true, [
  'From pod free in other (10.0.0.3) to pod web in shop (10.0.0.1), TCP 80: allowed',
  '  free may send it: no policy isolates it this way',
  '  web may get it: by shop/web (spec.ingress[0])',
])
check('a port by its name', { target: 'pod/web', from: 'pod/other/free', port: 'http' }, true, [
  'From pod free in other (10.0.0.3) to pod web in shop (10.0.0.1), TCP 80: allowed',
  '  free may send it: no policy isolates it this way',
  '  web may get it: by shop/web (spec.ingress[0])',
])
check('no rule lets it in', { target: 'pod/web', from: '192.0.2.1', port: '80' }, false, [
  'From 192.0.2.1 to pod web in shop (10.0.0.1), TCP 80: refused',
  '  what is no pod may send it: policies are for pods',
  '  web may not get it: isolated by shop/deny, shop/web, and no rule of these allows it',
  '  (a node always reaches its own pods, and what was begun before a policy goes on)',
])
check('the name server is a pod of kube-system', { target: 'pod/web', to: '10.96.0.10', port: '53', protocol: 'udp' }, true, [
  'From pod web in shop (10.0.0.1) to pod name server in kube-system (10.96.0.10), UDP 53: allowed',
  '  web may send it: by shop/deny (spec.egress[0])',
  '  name server may get it: no policy isolates it this way',
])

check('an address however it is written, of the pod that has it now', { target: 'pod/web', from: 'FD00:0:0::7', port: 'proxy' }, false, [
  'From pod late in other (fd00::7) to pod web in shop (10.0.0.1), TCP 15001: refused',
  '  late may send it: no policy isolates it this way',
  '  web may not get it: isolated by shop/deny, shop/web, and no rule of these allows it',
  '  (a node always reaches its own pods, and what was begun before a policy goes on)',
])

refuse(
  'a Service, which policies never see',
  { target: 'pod/web', to: '10.96.0.7', port: '80' },
  /of Service shop\/shop; .* name one of them/,
)
refuse('both ends asked about', { target: 'pod/web', from: 'pod/db', to: 'pod/db', port: '80' }, /--from and --to cannot both/)
refuse('no port', { target: 'pod/web', from: 'pod/db' }, /--port NUMBER is missing/)
refuse('a port alone', { target: 'pod/web', port: '80' }, /--from or --to is missing/)
refuse(
  'no such port',
  { target: 'pod/web', from: 'pod/other/free', port: 'admin' },
  /the name of a TCP port of the receiving pod, not "admin"/,
)
refuse('no such protocol', { target: 'pod/web', from: '192.0.2.1', port: '80', protocol: 'icmp' }, /TCP, UDP or SCTP, not "icmp"/)
refuse('no pod', { target: 'deployment/web' }, /pod\/NAME or pod\/NAMESPACE\/NAME/)
refuse('a pod that is not there', { target: 'pod/nobody' }, /NotFound/)

type Asked = Partial<PolicyQuestion> & Pick<PolicyQuestion, 'target'>

function check(name: string, question: Asked, isAllowed: boolean, lines: readonly string[]): void {
  test(name, async () =>
    assert.deepEqual(await answerPolicy(await shop(), { namespace: 'shop', protocol: 'TCP', ...question }), {
      isAllowed,
      text: `${lines.join('\n')}\n`,
    }),
  )
}

function refuse(name: string, question: Asked, problem: RegExp): void {
  test(name, async () => assert.rejects(answerPolicy(await shop(), { namespace: 'shop', protocol: 'TCP', ...question }), problem))
}

async function shop(): Promise<Client> {
  const client = createClient(createStubServer().transport)
  for (const name of ['shop', 'other', 'kube-system'])
    await client.create(Namespace, { metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } })
  const pod = (name: string, ip: string) => ({
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: 'n',
      initContainers: [
        { name: 'side', image: 'app', restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 15001, protocol: 'TCP' }] },
      ],
      containers: [{ name: 'main', image: 'app', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] }],
    },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  })
  await client.create(Pod, pod('web', '10.0.0.1') as never, { namespace: 'shop' })
  await client.create(Pod, pod('free', '10.0.0.3') as never, { namespace: 'other' })
  const ended = { ...pod('ended', 'fd00::7'), status: { phase: 'Succeeded', podIPs: [{ ip: 'fd00::7' }] } }
  await client.create(Pod, ended as never, { namespace: 'other' })
  await client.create(Pod, pod('late', 'fd00::7') as never, { namespace: 'other' })
  await client.create(Service, { metadata: { name: 'shop' }, spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] } } as never, {
    namespace: 'shop',
  })
  await client.create(Service, { metadata: { name: 'kube-dns' }, spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'] } } as never, {
    namespace: 'kube-system',
  })
  const policy = (name: string, spec: object) => client.create(NetworkPolicy, { metadata: { name }, spec } as never, { namespace: 'shop' })
  const names = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  }
  await policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{ to: [names] }] })
  const everywhere = { namespaceSelector: {} }
  await policy('web', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [everywhere], ports: [{ protocol: 'TCP', port: 'http' }] }],
  })
  return client
}
