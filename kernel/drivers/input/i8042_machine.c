/* The steps by which an i8042 and its devices are brought up, and what then comes from them.
 *
 * A step is a byte to send, a number of bytes that must answer, a time for that, and where to go on when the first is
 * not the right one. So a controller or device that is absent, silent, or talks nonsense costs time that nobody waits
 * for, and the probe ends after as many deadlines as there are steps. The same table is run again from the middle when
 * a device says that it has just got power, and from its end for the lamps.
 *
 * IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller"; the wheel is woken by
 * Microsoft's knock of three sample rates (200, 100, 80), after which the device has another id. Some firmware pretends
 * to be a keyboard that knows only half of the commands, so only the last one, "start", must be understood. */
#include "kernel/drivers/input/i8042_machine.h"

#define DATA_PORT	0x60
#define STATUS_PORT	0x64	/* written: commands */
#define STATUS_OUTPUT	0x01	/* a byte to read */
#define STATUS_INPUT	0x02	/* what was written is not taken yet */
#define STATUS_MOUSE	0x20	/* that byte is the mouse's */
#define NOTHING_THERE	0xff

#define CONTROL_INTERRUPTS	0x03
#define CONTROL_MOUSE_OFF	0x20
#define CONTROL_KEYBOARD_OFF	0x10
#define CONTROL_TRANSLATE	0x40
#define TO_MOUSE	0xd4

#define ACK		0xfa
#define RESEND		0xfe
#define POWER_ON_OK	0xaa
#define ID_WHEEL	3
#define ANY		0x100
#define TRIES		3
#define PATIENCE_UNIT	10000000ll	/* 10 ms, of which the steps count their patience */
#define SEND_PATIENCE	25

enum target { COMMAND, DATA, KEYBOARD, MOUSE };

enum {
	KEYBOARD_OFF, MOUSE_OFF, CONTROL_READ, SELF_TEST, CONTROL_WRITE_QUIET, CONTROL_QUIET, KEYBOARD_TEST, MOUSE_ON,
	CONTROL_READ_AGAIN, MOUSE_TEST, KEYBOARD_ON, CONTROL_WRITE, CONTROL_FINAL,
	KEYBOARD_STOP, KEYBOARD_IDENTIFY, KEYBOARD_SET, KEYBOARD_SET_2, KEYBOARD_START,
	MOUSE_RESET, MOUSE_KNOCK_1, MOUSE_200, MOUSE_KNOCK_2, MOUSE_100, MOUSE_KNOCK_3, MOUSE_80, MOUSE_IDENTIFY, MOUSE_START,
	READY, LEDS, LEDS_BYTE, LEDS_SENT,
};

static const struct step {
	uint8_t target, byte;
	uint8_t answers;	/* bytes to wait for */
	uint8_t otherwise;	/* the step to go on with where `first` does not come */
	uint16_t first;		/* what the first answer must be */
	uint16_t patience;
} steps[] = {
	[KEYBOARD_OFF] = { .target = COMMAND, .byte = 0xad },
	[MOUSE_OFF] = { .target = COMMAND, .byte = 0xa7 },
	[CONTROL_READ] = { COMMAND, 0x20, 1, READY, ANY, 10 },
	[SELF_TEST] = { COMMAND, 0xaa, 1, CONTROL_WRITE_QUIET, 0x55, 100 },
	[CONTROL_WRITE_QUIET] = { .target = COMMAND, .byte = 0x60 },
	[CONTROL_QUIET] = { .target = DATA },
	[KEYBOARD_TEST] = { COMMAND, 0xab, 1, MOUSE_ON, 0x00, 20 },
	[MOUSE_ON] = { .target = COMMAND, .byte = 0xa8 },
	[CONTROL_READ_AGAIN] = { COMMAND, 0x20, 1, KEYBOARD_ON, ANY, 10 },
	[MOUSE_TEST] = { COMMAND, 0xa9, 1, KEYBOARD_ON, 0x00, 20 },
	[KEYBOARD_ON] = { .target = COMMAND, .byte = 0xae },
	[CONTROL_WRITE] = { .target = COMMAND, .byte = 0x60 },
	[CONTROL_FINAL] = { .target = DATA },
	[KEYBOARD_STOP] = { KEYBOARD, 0xf5, 1, KEYBOARD_IDENTIFY, ACK, 20 },
	[KEYBOARD_IDENTIFY] = { KEYBOARD, 0xf2, 3, KEYBOARD_SET, ACK, 50 },
	[KEYBOARD_SET] = { KEYBOARD, 0xf0, 1, KEYBOARD_START, ACK, 20 },
	[KEYBOARD_SET_2] = { KEYBOARD, 2, 1, KEYBOARD_START, ACK, 20 },
	[KEYBOARD_START] = { KEYBOARD, 0xf4, 1, MOUSE_RESET, ACK, 20 },
	[MOUSE_RESET] = { MOUSE, 0xff, 3, READY, ACK, 150 },
	[MOUSE_KNOCK_1] = { MOUSE, 0xf3, 1, MOUSE_START, ACK, 20 },
	[MOUSE_200] = { MOUSE, 200, 1, MOUSE_START, ACK, 20 },
	[MOUSE_KNOCK_2] = { MOUSE, 0xf3, 1, MOUSE_START, ACK, 20 },
	[MOUSE_100] = { MOUSE, 100, 1, MOUSE_START, ACK, 20 },
	[MOUSE_KNOCK_3] = { MOUSE, 0xf3, 1, MOUSE_START, ACK, 20 },
	[MOUSE_80] = { MOUSE, 80, 1, MOUSE_START, ACK, 20 },
	[MOUSE_IDENTIFY] = { MOUSE, 0xf2, 2, MOUSE_START, ACK, 20 },
	[MOUSE_START] = { MOUSE, 0xf4, 1, READY, ACK, 20 },
	[LEDS] = { KEYBOARD, 0xed, 1, LEDS_SENT, ACK, 20 },
	[LEDS_BYTE] = { KEYBOARD, 0, 1, LEDS_SENT, ACK, 20 },
};

static void step_enter(struct i8042_machine *m, uint8_t step)
{
	m->step = step == LEDS_SENT ? READY : step;
	m->selected = m->waiting = false;
	m->tries = m->answer_count = 0;
	m->deadline = 0;
}

static void keyboard_set(struct i8042_machine *m, bool there)
{
	m->keys = (struct ps2_keyboard){ .set2 = !(m->control & CONTROL_TRANSLATE) };
	m->leds_sent = 0;
	if (there == m->keyboard)
		return;
	m->keyboard = there;
	m->io->keyboard_changed(m);
}

static void mouse_set(struct i8042_machine *m, bool there)
{
	m->packets = (struct ps2_mouse){ .wheel = m->packets.wheel };
	if (there == m->mouse)
		return;
	m->mouse = there;
	m->io->mouse_changed(m);
}

/* The byte that a step sends; four of them depend on what was found. */
static uint8_t step_byte(const struct i8042_machine *m)
{
	const uint8_t ours = CONTROL_INTERRUPTS | CONTROL_KEYBOARD_OFF | CONTROL_MOUSE_OFF;

	switch (m->step) {
	case CONTROL_QUIET: return (uint8_t)((m->control & ~CONTROL_INTERRUPTS) | CONTROL_KEYBOARD_OFF | CONTROL_MOUSE_OFF);
	case CONTROL_FINAL: return (uint8_t)((m->control & ~ours) | (m->mouse_port ? CONTROL_INTERRUPTS : CONTROL_MOUSE_OFF | 1));
	case LEDS_BYTE: return m->leds_sent;
	default: return steps[m->step].byte;
	}
}

/* A step has its answers, or its time is over. */
static void step_end(struct i8042_machine *m)
{
	const struct step *s = &steps[m->step];
	bool good = !s->answers || (m->answer_count && (s->first == ANY || m->answers[0] == s->first));

	switch (m->step) {
	case CONTROL_READ:
		m->absent = !good;
		m->control = m->answers[0];
		break;
	case SELF_TEST:
		m->failed_self_test = !good;
		break;
	case CONTROL_READ_AGAIN:
		/* Only where there is a second port did that command have an effect. */
		good = good && !(m->answers[0] & CONTROL_MOUSE_OFF);
		break;
	case MOUSE_TEST:
		m->mouse_port = good;
		break;
	case KEYBOARD_START:
		keyboard_set(m, good);
		step_enter(m, m->mouse_port ? MOUSE_RESET : READY);
		return;
	case MOUSE_IDENTIFY:
		m->packets.wheel = good && m->answer_count == 2 && m->answers[1] == ID_WHEEL;
		break;
	case MOUSE_RESET:
		m->packets.wheel = false;
		if (!good)
			mouse_set(m, false);
		break;
	case MOUSE_START:
		mouse_set(m, good);
		break;
	}
	step_enter(m, good ? (uint8_t)(m->step + 1) : s->otherwise);
}

/* Is a byte one that the step waits for? Devices answer ACK or RESEND first; what else comes then was said before. */
static bool step_takes(struct i8042_machine *m, uint8_t byte, bool from_mouse)
{
	const struct step *s = &steps[m->step];

	if (m->step == READY || !m->waiting || from_mouse != (s->target == MOUSE))
		return false;
	return s->target == COMMAND || m->answer_count || byte == ACK || byte == RESEND;
}

static void step_answer(struct i8042_machine *m, uint8_t byte)
{
	if (byte == RESEND && steps[m->step].first == ACK && !m->answer_count && ++m->tries < TRIES) {
		m->waiting = m->selected = false;
		return;
	}
	m->answers[m->answer_count++] = byte;
	if (m->answer_count == steps[m->step].answers || byte == RESEND)
		step_end(m);
}

/* A byte that nobody asked for. A device that was just plugged in says that it is well; on a keyboard in use that byte
 * is the release of the left Shift. */
static void byte_unasked(struct i8042_machine *m, uint8_t byte, bool from_mouse)
{
	struct ps2_motion motion;
	unsigned code;
	bool down;

	if (from_mouse && m->mouse) {
		if (ps2_mouse_byte(&m->packets, byte, &motion))
			m->io->motion(&motion);
	} else if (!from_mouse && m->keyboard) {
		if (ps2_keyboard_byte(&m->keys, byte, &code, &down))
			m->io->key(code, down);
	} else if (byte == POWER_ON_OK && m->step == READY) {
		step_enter(m, from_mouse ? MOUSE_RESET : KEYBOARD_STOP);
	}
}

/* Send what the step has to send, where the controller takes it. True where something was done. */
static bool step_send(struct i8042_machine *m, uint8_t status, nsec_t now)
{
	const struct step *s = &steps[m->step];

	if (status & STATUS_INPUT) {
		if (now < m->deadline)
			return false;
		/* It takes nothing any more. */
		m->absent = m->absent || m->step <= CONTROL_FINAL;
		step_enter(m, READY);
		return true;
	}
	if (s->target == MOUSE && !m->selected) {
		m->io->write(STATUS_PORT, TO_MOUSE);
		m->selected = true;
		return true;
	}
	m->io->write(s->target == COMMAND ? STATUS_PORT : DATA_PORT, step_byte(m));
	m->waiting = true;
	m->deadline = now + s->patience * PATIENCE_UNIT;
	if (!s->answers)
		step_end(m);
	return true;
}

static bool go_on(struct i8042_machine *m, uint8_t status, nsec_t now)
{
	if (m->step == READY) {
		if (!m->keyboard || m->leds == m->leds_sent)
			return false;
		m->leds_sent = m->leds;
		step_enter(m, LEDS);
	}
	if (!m->deadline)
		m->deadline = now + SEND_PATIENCE * PATIENCE_UNIT;
	if (!m->waiting)
		return step_send(m, status, now);
	if (now < m->deadline)
		return false;
	step_end(m);
	return true;
}

bool i8042_machine_run(struct i8042_machine *m, nsec_t now)
{
	bool came = false;

	for (unsigned i = 0; i < I8042_RUN_MAX; i++) {
		uint8_t status = m->io->read(STATUS_PORT);
		if (status == NOTHING_THERE) {
			m->absent = m->absent || m->step <= CONTROL_FINAL;
			step_enter(m, READY);
			return came;
		}
		if (status & STATUS_OUTPUT) {
			uint8_t byte = m->io->read(DATA_PORT);
			bool from_mouse = status & STATUS_MOUSE;
			came = true;
			step_takes(m, byte, from_mouse) ? step_answer(m, byte) : byte_unasked(m, byte, from_mouse);
		} else if (!go_on(m, status, now)) {
			break;
		}
	}
	return came;
}

bool i8042_machine_busy(const struct i8042_machine *m)
{
	return m->step != READY || (m->keyboard && m->leds != m->leds_sent);
}
