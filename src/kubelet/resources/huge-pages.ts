/** A size of huge pages as the kernel's cgroup files and runtimes name it: `2MB`, `1GB`; from the API's `2Mi`, `1Gi`. */
export const hugePageSize = (size: string): string => size.replace(/i$/, 'B')
