import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { parseResolvConf, podDns, podDnsWarnings } from './dns.ts'
import { podHostname } from './hostname.ts'
import { hostsFile } from './hosts-file.ts'
import { sandboxConfig } from './sandbox-config.ts'

const podOf = (spec: object, name = 'one') =>
  ({ metadata: { name, namespace: 'here', uid: 'u' }, spec: { containers: [], ...spec } }) as unknown as Pod
const node = { servers: ['192.0.2.53'], searches: ['example.com'], options: ['rotate'] }
const cluster = { servers: ['10.96.0.10'], domain: 'cluster.local' }
const searches = ['here.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com']

checkDns('of the cluster', {}, { servers: ['10.96.0.10'], searches, options: ['ndots:5'] })
checkDns('of the node', { dnsPolicy: 'Default' }, node)
checkDns('of the node for its network', { hostNetwork: true, dnsPolicy: 'ClusterFirst' }, node)
checkDns(
  'of the cluster on the node’s network',
  { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
  { servers: ['10.96.0.10'], searches, options: ['ndots:5'] },
)
checkDns(
  'own only',
  {
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['192.0.2.1'], searches: ['a'], options: [{ name: 'ndots', value: '2' }, { name: 'debug' }] },
  },
  {
    servers: ['192.0.2.1'],
    searches: ['a'],
    options: ['ndots:2', 'debug'],
  },
)
checkDns(
  'own options win',
  { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } },
  { servers: ['10.96.0.10'], searches, options: ['ndots:1'] },
)

function checkDns(name: string, spec: object, expected: object): void {
  test(`names: ${name}`, () => assert.deepEqual(podDns(podOf(spec), cluster, node), expected))
}

test('what is left out of a resolv.conf is told', () => {
  const warnings = (spec: object, dns: typeof cluster = cluster, of: typeof node = node) => podDnsWarnings(podOf(spec), dns, of)
  assert.deepEqual(warnings({}), [])
  const many = {
    ...node,
    servers: ['a', 'b', 'c', 'd'],
    searches: ['x'.repeat(254), ...Array.from({ length: 40 }, (_, index) => `s${index}`)],
  }
  assert.deepEqual(warnings({ dnsPolicy: 'Default' }, cluster, many), [
    {
      reason: 'DNSConfigForming',
      message: 'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: a b c',
    },
    {
      reason: 'DNSConfigForming',
      message: `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${many.searches.slice(1, 32).join(' ')}`,
    },
  ])
  const [lacking] = warnings({}, { servers: [], domain: 'c' })
  assert.match(
    lacking!.message,
    /^pod: "one_here\(u\)"\. kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst"/,
  )
  const long = { ...node, searches: Array.from({ length: 12 }, (_, index) => `${index}`.padStart(200, 'x')) }
  assert.equal(podDns(podOf({ dnsPolicy: 'Default' }), cluster, long).searches.length, 10)
})

test('reads a resolv.conf', () => {
  assert.deepEqual(parseResolvConf('# x\nsearch old\nnameserver 1.1.1.1 \nsearch a b\noptions ndots:2 rotate\nnameserver ::1'), {
    servers: ['1.1.1.1', '::1'],
    searches: ['a', 'b'],
    options: ['ndots:2', 'rotate'],
  })
  assert.deepEqual(parseResolvConf('search .').searches, [])
  assert.deepEqual(parseResolvConf('search corp.example. . corp.example lan.').searches, ['corp.example', 'lan'])
  assert.deepEqual(parseResolvConf('options ndots:2 rotate\noptions edns0 ndots:3').options, ['rotate', 'edns0', 'ndots:3'])
})

test('host names', () => {
  assert.deepEqual(podHostname(podOf({}), 'cluster.local'), { name: 'one', domain: '', kernel: 'one' })
  const named = podOf({ hostname: 'web', subdomain: 'sub', setHostnameAsFQDN: true })
  assert.deepEqual(podHostname(named, 'cluster.local'), {
    name: 'web',
    domain: 'sub.here.svc.cluster.local',
    kernel: 'web.sub.here.svc.cluster.local',
  })
  assert.equal(podHostname(podOf({}, `${'a'.repeat(62)}-b`), '').name, 'a'.repeat(62))
  assert.throws(
    () => podHostname(podOf({ hostname: 'a'.repeat(60), subdomain: 's', setHostnameAsFQDN: true }), 'c'),
    /FQDN .* is too long \(64 is the max, \d+ characters requested\)/,
  )
})

test('the hosts file', () => {
  const text = hostsFile({ ips: ['10.1.0.2'], hostname: 'one', domain: 'sub.d', aliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] })
  assert.match(text, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/)
  assert.match(text, /10\.1\.0\.2\tone\.sub\.d\tone\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/)
  const own = hostsFile({ ips: [], hostname: 'one', domain: '', aliases: [], nodeFile: '127.0.0.1 localhost\n' })
  assert.equal(own, '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n')
})

test('a sandbox asks for the node’s ports that containers name, unless it is on the node’s network', () => {
  const containers = [
    {
      name: 'main',
      resources: {},
      ports: [
        { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
        { containerPort: 81, protocol: 'TCP' },
      ],
    },
  ]
  const input = {
    attempt: 1,
    cgroupParent: '/p',
    runtimeHandler: '',
    clusterDns: cluster,
    nodeDns: node,
    podLogsDirectory: '/logs',
  }
  const made = sandboxConfig({
    ...input,
    pod: podOf({ containers, shareProcessNamespace: true, securityContext: { sysctls: [{ name: 'a', value: '1' }] } }),
  })
  assert.deepEqual(made.portMappings, [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' }])
  assert.deepEqual([made.logDirectory, made.hostname, made.security.pid, made.sysctls], ['/logs/here_one_u', 'one', 'pod', { a: '1' }])
  const shared = sandboxConfig({ ...input, pod: podOf({ containers, hostNetwork: true }) })
  assert.deepEqual([shared.portMappings, shared.hostname, shared.security.network], [[], '', 'node'])
})

test('the seccomp profile of a pod is not for its pause process', () => {
  const input = { attempt: 0, cgroupParent: '', clusterDns: cluster, nodeDns: node, podLogsDirectory: '/logs', runtimeHandler: '' }
  for (const type of ['Unconfined', 'Localhost']) {
    const pod = podOf({ securityContext: { seccompProfile: { type, localhostProfile: 'tight.json' } } })
    assert.deepEqual(sandboxConfig({ ...input, pod }).security.seccomp, { type: 'RuntimeDefault' })
  }
})
