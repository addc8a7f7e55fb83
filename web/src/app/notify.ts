import { ElMessage } from 'element-plus/es/components/message/index'
import 'element-plus/es/components/message/style/css'
import { said } from './problem'

/** Tell the person, in passing, that something was done. */
export function tell(text: string): void {
  ElMessage({ message: text, type: 'success', grouping: true })
}

/** Tell the person what went wrong; it stays long enough to be read. */
export function warn(error: unknown): void {
  ElMessage({ message: said(error), type: 'error', duration: 8000, showClose: true, grouping: true })
}
