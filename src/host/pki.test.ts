import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { isError } from '#lib/errors.ts'
import { ensureNodePki, ensurePki, type PkiOptions } from './pki.ts'

const now = Date.UTC(2026, 0, 1)
const dayMs = 24 * 3_600_000

async function inFolder(run: (options: PkiOptions) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'wherry-pki-'))
  try {
    await run({ directory: join(parent, 'pki'), nodeName: 'boat', serverAddresses: ['192.0.2.7', 'fd00::7'], now })
  } finally {
    await rm(parent, { recursive: true })
  }
}

test('the first call makes everything, the second nothing', () =>
  inFolder(async (options) => {
    const first = await ensurePki(options)
    assert.ok(first.made.length > 10)
    const second = await ensurePki(options)
    assert.deepEqual(second.made, [])
    assert.deepEqual({ ...second, made: first.made }, first)
    assert.equal(first.renewAt, new X509Certificate(first.server.certificate).validToDate.getTime() - 30 * dayMs)
  }))

test('nothing is readable by others', () =>
  inFolder(async (options) => {
    await ensurePki(options)
    for (const entry of await readdir(options.directory, { recursive: true, withFileTypes: true })) {
      const mode = (await stat(join(entry.parentPath, entry.name))).mode & 0o777
      assert.equal(mode, entry.isDirectory() ? 0o700 : 0o600, entry.name)
    }
    assert.equal((await stat(options.directory)).mode & 0o777, 0o700)
  }))

test('identities and names', () =>
  inFolder(async (options) => {
    const pki = await ensurePki(options)
    const subjects = {
      server: pki.server,
      kubeletClient: pki.kubeletClient,
      frontProxyClient: pki.frontProxyClient,
      admin: pki.admin,
      nodeClient: pki.node.client,
      nodeServing: pki.node.serving,
    }
    assert.deepEqual(
      Object.fromEntries(Object.entries(subjects).map(([key, pair]) => [key, new X509Certificate(pair.certificate).subject])),
      {
        server: 'CN=kube-apiserver',
        kubeletClient: 'CN=kube-apiserver-kubelet-client',
        frontProxyClient: 'CN=front-proxy-client',
        admin: 'O=kubeadm:cluster-admins\nCN=kubernetes-admin',
        nodeClient: 'O=system:nodes\nCN=system:node:boat',
        nodeServing: 'O=system:nodes\nCN=system:node:boat',
      },
    )
    const server = new X509Certificate(pki.server.certificate)
    for (const name of [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'boat',
    ])
      assert.equal(server.checkHost(name), name)
    for (const address of ['127.0.0.1', '10.96.0.1', '192.0.2.7', '::1', 'fd00::7']) assert.ok(server.checkIP(address), address)
    assert.equal(server.checkIP('192.0.2.8'), undefined)
    const frontProxyCa = new X509Certificate(pki.frontProxyCa.certificate)
    assert.ok(new X509Certificate(pki.frontProxyClient.certificate).checkIssued(frontProxyCa))
    assert.ok(!new X509Certificate(pki.admin.certificate).checkIssued(frontProxyCa))
  }))

test('a new address or a nearing end renews the leaf and keeps the rest', () =>
  inFolder(async (options) => {
    const first = await ensurePki(options)
    const moved = await ensurePki({ ...options, nodeAddresses: ['192.0.2.7', 'fd00::7'], serverAddresses: ['192.0.2.9'] })
    assert.deepEqual(moved.made, [first.server.keyPath, first.server.certificatePath])
    assert.ok(new X509Certificate(moved.server.certificate).checkIP('192.0.2.9'))
    const later = await ensurePki({
      ...options,
      serverAddresses: ['192.0.2.9'],
      nodeAddresses: ['192.0.2.7', 'fd00::7'],
      now: now + 340 * dayMs,
    })
    assert.notEqual(later.admin.certificate, first.admin.certificate)
    assert.equal(later.clusterCa.certificate, first.clusterCa.certificate)
    assert.equal(later.serviceAccounts.key, first.serviceAccounts.key)
    assert.equal(later.encryption.text, first.encryption.text)
  }))

test('a crash between key and certificate is mended; a damaged authority is refused and left alone', () =>
  inFolder(async (options) => {
    const first = await ensurePki(options)
    await writeFile(first.admin.keyPath, first.server.key)
    assert.deepEqual((await ensurePki(options)).made, [first.admin.keyPath, first.admin.certificatePath])
    await writeFile(first.clusterCa.keyPath, first.server.key)
    await assert.rejects(ensurePki(options), (error) => isError(error, 'Invalid'))
    await rm(first.clusterCa.keyPath)
    await assert.rejects(ensurePki(options), (error) => isError(error, 'Invalid') && error.message.includes('restore the key'))
    assert.equal(await readFile(first.clusterCa.certificatePath, 'utf8'), first.clusterCa.certificate)
    await rm(first.clusterCa.certificatePath)
    const renewed = await ensurePki(options)
    assert.ok(new X509Certificate(renewed.admin.certificate).checkIssued(new X509Certificate(renewed.clusterCa.certificate)))
  }))

test('old public keys of service accounts still verify', () =>
  inFolder(async (options) => {
    const first = await ensurePki(options)
    await rm(join(options.directory, 'sa.key'))
    const second = await ensurePki(options)
    assert.equal(second.serviceAccounts.publicKeys.length, 2)
    assert.equal(second.serviceAccounts.publicKeys[1], first.serviceAccounts.publicKeys[0])
  }))

test('a second node has its own identity, and no path can be made out of its name', () =>
  inFolder(async (options) => {
    await ensurePki(options)
    const node = await ensureNodePki({ directory: options.directory, nodeName: 'skiff', addresses: ['192.0.2.8'], now })
    assert.equal(new X509Certificate(node.client.certificate).subject, 'O=system:nodes\nCN=system:node:skiff')
    for (const nodeName of ['../x', 'A', '', '-a', 'a/b'])
      await assert.rejects(ensureNodePki({ directory: options.directory, nodeName, addresses: [], now }), (error) =>
        isError(error, 'Invalid'),
      )
  }))

test('server and client meet over TLS', () =>
  inFolder(async (options) => {
    const pki = await ensurePki({ ...options, now: Date.now() })
    const seen = Promise.withResolvers<string>()
    const server = createServer(
      { cert: pki.server.certificate, key: pki.server.key, ca: pki.clusterCa.certificate, requestCert: true, rejectUnauthorized: true },
      (socket) => {
        seen.resolve(String(socket.getPeerX509Certificate()?.subject))
        socket.end()
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const socket = connect({ port, host: '127.0.0.1', ca: pki.clusterCa.certificate, cert: pki.admin.certificate, key: pki.admin.key })
    socket.on('error', seen.reject)
    assert.equal(await seen.promise, 'O=kubeadm:cluster-admins\nCN=kubernetes-admin')
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }))
