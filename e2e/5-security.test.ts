/** Secure from the first minute: files, identities, ports, what stands on the disk, what a container may. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { ensureUp, freshNamespace, kubectl, kubectlSaid, kubectlWith, kubectlWithInput, until, wherry } from './support/cluster.ts'
import { archiveFile, busyboxArchive } from './support/images.ts'

const namespace = 'security'
const pki = '/var/lib/wherry/pki'
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)

before(async () => {
  ensureUp()
  wherry('image', 'import', archiveFile('busybox', busyboxArchive('docker.io/library/busybox:1.36')))
  freshNamespace(namespace)
})

test('nobody but root reads keys, certificates, the store, logs or tokens', () => {
  const readable: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      // Image layers belong to their containers, and stand behind a folder that only root enters.
      if (path.endsWith('/containerd') || path.endsWith('/cache')) continue
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile() && (statSync(path).mode & 0o077) !== 0 && !path.includes('/pods/') && !path.includes('/pod-logs/'))
        readable.push(path)
    }
  }
  walk('/var/lib/wherry')
  assert.deepEqual(readable, [])
})

test('without credentials: health and version, and nothing else', async () => {
  assert.equal((await ask('/version')).status, 200)
  assert.equal((await ask('/readyz')).status, 200)
  for (const path of ['/api', '/apis', '/api/v1/namespaces', '/metrics', '/openapi/v2']) assert.equal((await ask(path)).status, 401, path)
  assert.equal((await ask('/api/v1/namespaces', { headers: { authorization: 'Bearer made.up.token' } })).status, 401)
})

test("the node agent's port lets in only who may", async () => {
  const port = 10250
  assert.equal((await ask('/pods', { port })).status, 401)
  assert.equal((await ask('/pods', { port, client: 'admin' })).status, 200)
  assert.equal((await ask('/pods', { port, client: 'apiserver-kubelet-client' })).status, 200)
  const token = inside('create', 'token', 'default').trim()
  assert.equal((await ask('/pods', { port, headers: { authorization: `Bearer ${token}` } })).status, 403)
})

test('a node credential reads its own pods’ secrets, and no others', () => {
  const name = readdirSync(join(pki, 'nodes'))[0]!
  inside('create', 'secret', 'generic', 'foreign', '--from-literal=a=b')
  const asNode = (...words: string[]) => {
    const client = [`--client-certificate=${pki}/nodes/${name}/kubelet-client.crt`, `--client-key=${pki}/nodes/${name}/kubelet-client.key`]
    return kubectlWith('kubectl').kubectlSaid(
      '--kubeconfig=/dev/null',
      '--server=https://127.0.0.1:6443',
      `--certificate-authority=${pki}/ca.crt`,
      ...client,
      ...words,
    )
  }
  assert.equal(asNode('get', 'node', name).code, 0)
  for (const words of [
    ['get', 'secret', 'foreign', '-n', namespace],
    ['get', 'secrets', '-A'],
    ['delete', 'namespace', namespace],
    ['label', 'node', name, 'node-role.kubernetes.io/control-plane='],
    ['create', 'configmap', 'x', '-n', namespace],
  ])
    assert.match(asNode(...words).err, /forbidden|Forbidden/, words.join(' '))
})

test('a service account may what roles give it, and its token dies with its pod', async () => {
  inside('create', 'serviceaccount', 'robot')
  inside('create', 'role', 'reader', '--verb=get,list', '--resource=pods')
  inside('create', 'rolebinding', 'reader', '--role=reader', `--serviceaccount=${namespace}:robot`)
  const can = (verb: string, what: string) =>
    kubectlSaid('auth', 'can-i', verb, what, '-n', namespace, `--as=system:serviceaccount:${namespace}:robot`).out.trim()
  assert.deepEqual([can('list', 'pods'), can('delete', 'pods'), can('list', 'secrets')], ['yes', 'no', 'no'])
  create({
    metadata: { name: 'carrier' },
    spec: { serviceAccountName: 'robot', terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'busybox:1.36' }] },
  })
  inside('wait', '--for=condition=Ready', 'pod/carrier', '--timeout=60s')
  const token = inside('exec', 'carrier', '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')
  const headers = { authorization: `Bearer ${token}` }
  assert.equal((await ask(`/api/v1/namespaces/${namespace}/pods`, { headers })).status, 200)
  assert.equal((await ask(`/api/v1/namespaces/${namespace}/secrets`, { headers })).status, 403)
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
  assert.equal(claims['kubernetes.io'].pod.name, 'carrier')
  inside('delete', 'pod', 'carrier')
  await until('the token is refused', async () => (await ask(`/api/v1/namespaces/${namespace}/pods`, { headers })).status === 401, 30_000)
})

test('Secrets do not stand on the disk in the clear', () => {
  const canary = 'kanarienvogel-im-bergwerk'
  inside('create', 'secret', 'generic', 'canary', `--from-literal=bird=${canary}`)
  inside('create', 'configmap', 'canary', '--from-literal=bird=open-canary')
  const files = readdirSync('/var/lib/wherry/server').map((name) => readFileSync(join('/var/lib/wherry/server', name)))
  assert.ok(
    files.some((bytes) => bytes.includes('open-canary')),
    'the test looks where things stand',
  )
  for (const needle of [canary, Buffer.from(canary).toString('base64')]) assert.ok(!files.some((bytes) => bytes.includes(needle)), needle)
  assert.equal(Buffer.from(inside('get', 'secret', 'canary', '-o', 'jsonpath={.data.bird}'), 'base64').toString(), canary)
})

test('containers run with the runtime’s default seccomp profile, and cannot gain by it', () => {
  create({
    metadata: { name: 'confined' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsUser: 1000,
            readOnlyRootFilesystem: true,
          },
        },
      ],
    },
  })
  inside('wait', '--for=condition=Ready', 'pod/confined', '--timeout=60s')
  const status = inside('exec', 'confined', '--', 'cat', '/proc/1/status')
  assert.match(status, /^Seccomp:\s+2$/m)
  assert.match(status, /^NoNewPrivs:\s+1$/m)
  assert.match(status, /^CapEff:\s+0{16}$/m)
  assert.match(status, /^Uid:\s+1000/m)
  assert.notEqual(kubectlSaid('-n', namespace, 'exec', 'confined', '--', 'touch', '/file').code, 0)
})

test('nobody gives away more than they hold', () => {
  inside('create', 'serviceaccount', 'climber')
  inside('create', 'role', 'role-maker', '--verb=create', '--resource=roles,rolebindings')
  inside('create', 'rolebinding', 'role-maker', '--role=role-maker', `--serviceaccount=${namespace}:climber`)
  const said = kubectlSaid(
    '-n',
    namespace,
    `--as=system:serviceaccount:${namespace}:climber`,
    'create',
    'role',
    'all',
    '--verb=*',
    '--resource=*',
  )
  assert.match(said.err, /attempting to grant RBAC permissions not currently held/)
})

function create(object: object): void {
  const said = kubectlWithInput(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...object }), '-n', namespace, 'create', '-f', '-')
  assert.equal(said.code, 0, said.err)
}

function ask(
  path: string,
  { port = 6443, headers = {}, client }: { port?: number; headers?: Record<string, string>; client?: string } = {},
): Promise<{ status: number }> {
  const read = (name: string) => readFileSync(join(pki, name))
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        headers,
        agent: false,
        ca: read('ca.crt'),
        ...(port === 10250 && { checkServerIdentity: () => undefined }),
        ...(client && { cert: read(`${client}.crt`), key: read(`${client}.key`) }),
      },
      (response) => {
        response.resume()
        resolve({ status: response.statusCode! })
      },
    )
    asked.once('error', reject)
    asked.end()
  })
}
