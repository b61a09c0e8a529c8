"""Levels of p-values of scores that are fitted to the samples that they are ranked among: python3 bench/confidence_levels.py
Made-up logits of ten classes, n of them to calibrate on, 1,000 fresh ones, 400 times; the shares of fresh right decisions with p <= 0.05 and 0.1,
pooled, with half a 95 % interval."""
import numpy as np
from scipy.optimize import minimize_scalar

CLASSES, FRESH, TRIALS = 10, 1000, 400
random = np.random.default_rng(5)


def draw(count):
    labels = random.integers(0, CLASSES, count)
    logits = random.normal(0, 1.5, (count, CLASSES))
    logits[np.arange(count), labels] += 4
    return logits, labels


def softmax(logits, temperature=1.0):
    exp = np.exp((logits - logits.max(1, keepdims=True)) / temperature)
    return exp / exp.sum(1, keepdims=True)


def gen(logits):
    p = softmax(logits)
    return -(p**0.1 * (1 - p) ** 0.1).sum(1)


def max_softmax_t(logits, labels):
    def loss(log_t):
        return -np.log(softmax(logits, np.exp(log_t))[np.arange(len(labels)), labels]).mean()

    temperature = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)

    def score(others):
        scaled = np.sort(others / temperature, 1)
        return scaled[:, -1] - np.log(np.exp(scaled[:, :-1]).sum(1))

    return score


def rel_u(logits, labels):
    p, right = softmax(logits), logits.argmax(1) == labels
    d = np.maximum(0, p[~right].T @ p[~right] / (~right).sum() - p[right].T @ p[right] / right.sum())
    np.fill_diagonal(d, 0)
    return lambda others: -np.einsum("ni,ij,nj->n", softmax(others), d, softmax(others))


for count in (200, 500, 2000):
    rates = {"gen": [], "max-softmax-t": [], "rel-u": []}
    for _ in range(TRIALS):
        (logits, labels), (fresh, classes) = draw(count), draw(FRESH)
        scores = {"gen": gen, "max-softmax-t": max_softmax_t(logits, labels), "rel-u": rel_u(logits, labels)}
        for name, score in scores.items():
            typical = np.sort(score(logits[logits.argmax(1) == labels]))
            ranked = np.searchsorted(typical, score(fresh[fresh.argmax(1) == classes]), "right")
            p = (1 + ranked) / (len(typical) + 1)
            rates[name].append([(p <= 0.05).mean(), (p <= 0.1).mean()])
    for name, values in rates.items():
        mean, half = 100 * np.mean(values, 0), 196 * np.std(values, 0) / TRIALS**0.5
        print(f"{count:5} {name:14} {mean[0]:5.2f} ± {half[0]:.2f} {mean[1]:5.2f} ± {half[1]:.2f}")
