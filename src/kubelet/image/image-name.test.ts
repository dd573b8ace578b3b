import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullImageName } from './image-name.ts'

const digest = `sha256:${'a'.repeat(64)}`
check('nginx', 'docker.io/library/nginx:latest')
check('nginx:1.7.9', 'docker.io/library/nginx:1.7.9')
check('team/app', 'docker.io/team/app:latest')
check('index.docker.io/nginx', 'docker.io/library/nginx:latest')
check('localhost/app:2', 'localhost/app:2')
check('registry:5000/app', 'registry:5000/app:latest')
check('registry.k8s.io/e2e-test-images/agnhost:2.56', 'registry.k8s.io/e2e-test-images/agnhost:2.56')
check(`nginx@${digest}`, `docker.io/library/nginx@${digest}`)
check(`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`)
check('UPPER:1', /repository name must be lowercase/)
check('', /invalid reference format/)
check('a b', /invalid reference format/)
check('a//b', /invalid reference format/)
check('name:bad tag', /invalid reference format/)

function check(name: string, expected: string | RegExp): void {
  test(`image ${JSON.stringify(name)}`, () => {
    if (typeof expected === 'string') assert.equal(fullImageName(name), expected)
    else assert.throws(() => fullImageName(name), expected)
  })
}
