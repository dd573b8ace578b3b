import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostPathPlugin } from './host-path.ts'

const rootDirectory = '/var/lib/wherry/node/kubelet'

function check(path: string, usualFolder: string | undefined, expected: string): void {
  test(`${path}, ${usualFolder ?? 'no usual folder'}`, async () => {
    const host = { fileType: async () => assert.fail('no type is asked for') }
    const plugin = hostPathPlugin({ host: host as never, rootDirectory, ...(usualFolder !== undefined && { usualFolder }) })
    const made = await plugin.setUp({ spec: { volume: { name: 'v', hostPath: { path } }, readOnly: false } } as never)
    assert.equal(made.hostPath, expected)
  })
}

check('/srv/data', '/var/lib/kubelet', '/srv/data')
check('/var/lib/kubelet', '/var/lib/kubelet', rootDirectory)
check('/var/lib/kubelet/pods', '/var/lib/kubelet', `${rootDirectory}/pods`)
check('/var/lib/kubelet-other', '/var/lib/kubelet', '/var/lib/kubelet-other')
check('/var/lib/kubelet/pods', undefined, '/var/lib/kubelet/pods')
