/** `wherry up` from nothing, and everything that the command line promises. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { home, kubectl, until, wherry } from './support/cluster.ts'

const config = join(home, '.kube', 'config')
const foreign = `# my clusters
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
  - name: work # the big one
    cluster: {server: https://192.0.2.77:6443}
users: []
contexts:
  - name: work
    context: {cluster: work, user: me}
current-context: work
`

before(() => {
  wherry('reset')
  mkdirSync(join(home, '.kube'), { recursive: true })
  writeFileSync(config, foreign)
})

test('nothing runs: every command says what to do', () => {
  assert.deepEqual([wherry('status').code, wherry('kubeconfig').code, wherry('kubectl', 'get', 'pods').code], [69, 69, 69])
  assert.match(wherry('image', 'list').err, /"wherry up" starts one/)
})

test('a taken port: told before anything is started', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(16_943, resolve))
  const said = wherry('up', '--api-port', '16943')
  server.close()
  assert.equal(said.code, 69)
  assert.match(said.err, /port 16943 is taken by another program; .*--api-port/)
  assert.equal(existsSync('/run/wherry/server.pid'), false)
})

test('from nothing to a page, step by step', () => {
  const said = wherry('up')
  assert.equal(said.code, 0, said.out + said.err)
  assert.match(said.out, /✓ Certificates: made/)
  assert.match(said.out, /✓ Node \S+ ready/)
  assert.match(said.out, /✓ Welcome page answers/)
  assert.match(said.out, /Your cluster is up \(\d+(\.\d)? s\)/)
})

test('the page tells which replica answered, and both do', async () => {
  const url = /http:\/\/\S+/.exec(wherry('up').out)![0]
  const seen = new Set<string>()
  await until('both replicas answer', async () => {
    const page = await (await fetch(url)).text()
    seen.add(/<span class="replica">([^<]+)/.exec(page)![1]!)
    return seen.size === 2
  })
  assert.deepEqual([...seen].sort(), kubectl('get', 'pods', '-n', 'welcome', '-o', 'jsonpath={.items[*].metadata.name}').split(' ').sort())
})

test('the own kubeconfig is kept, with our context added', () => {
  const text = readFileSync(config, 'utf8')
  assert.match(text, /# my clusters/)
  assert.match(text, /# the big one/)
  assert.match(text, /colors: true/)
  assert.match(text, /current-context: work/)
  assert.match(text, /name: wherry/)
  assert.equal(statSync(config).mode & 0o777, 0o600)
})

test('a second up does nothing again, and is quick', () => {
  const startedAt = performance.now()
  const said = wherry('up')
  assert.equal(said.code, 0)
  assert.match(said.out, /✓ Certificates: in place/)
  assert.ok(performance.now() - startedAt < 5_000)
})

test('stopped and started again, the node is ready in under five seconds', () => {
  assert.match(wherry('down').out, /containers go on running/)
  assert.equal(wherry('status').code, 1)
  const startedAt = performance.now()
  assert.equal(wherry('up').code, 0)
  assert.ok(performance.now() - startedAt < 5_000, `took ${performance.now() - startedAt} ms`)
})

test('status, for people and for programs', () => {
  assert.match(wherry('status').out, /server {2}runs \(process \d+\)/)
  const status = JSON.parse(wherry('status', '--json').out)
  assert.match(status.version, /^\d+\.\d+\.\d+/)
  assert.equal(status.apiAddress, 'https://127.0.0.1:6443')
  assert.equal(status.nodes.length, 1)
  assert.equal(status.nodes[0].ready, true)
  assert.ok(existsSync(status.nodes[0].containerdSocket))
  assert.match(status.nodes[0].address, /^\d+\.\d+\.\d+\.\d+$/)
})

test('kubectl is passed through, with its exit code', () => {
  assert.match(wherry('kubectl', 'get', 'nodes', '--no-headers').out, / Ready /)
  assert.equal(wherry('kubectl', 'get', 'pod', 'nobody').code, 1)
})

test('logs are structured lines', () => {
  for (const which of ['server', 'agent']) {
    const lines = wherry('logs', which, '-n', '5').out.trim().split('\n')
    for (const line of lines) assert.ok(JSON.parse(line).time, line)
  }
})

test('the kubeconfig printed is a whole one', () => {
  const file = join(home, 'printed')
  writeFileSync(file, wherry('kubeconfig').out, { mode: 0o600 })
  assert.match(kubectl('--kubeconfig', file, 'get', 'namespaces', '--no-headers'), /kube-system/)
})
