/* Error numbers of the Linux x86-64 ABI (Linux UAPI asm-generic/errno-base.h and errno.h).
 *
 * Rules: kernel functions return 0 or a negative one of these; the numbers are fixed for ever. */
#ifndef ABI_LINUX_ERRNO_H
#define ABI_LINUX_ERRNO_H

#define EPERM		1	/* operation not permitted */
#define ENOENT		2	/* no such entry */
#define EIO		5	/* input/output error */
#define E2BIG		7	/* argument too long */
#define ENOEXEC		8	/* not an executable of the form expected */
#define EAGAIN		11	/* try again */
#define ENOMEM		12	/* out of memory */
#define EACCES		13	/* permission denied */
#define EFAULT		14	/* bad address */
#define EBUSY		16	/* in use */
#define EEXIST		17	/* exists already */
#define ENODEV		19	/* no such device */
#define EINVAL		22	/* invalid argument */
#define ENOSPC		28	/* no space left */
#define EROFS		30	/* read-only */
#define EPIPE		32	/* nobody listens; a USB device refuses */
#define ERANGE		34	/* result out of range */
#define ENOSYS		38	/* no such function */
#define EBADMSG		74	/* damaged data (checksum, length) */
#define EOVERFLOW	75	/* value too large */
#define EILSEQ		84	/* illegal character sequence */
#define ETIMEDOUT	110	/* deadline passed */

#endif
