#!/usr/bin/env python3
"""Exports networks of random weights to ONNX with PyTorch, each with scores and gradients to compare a reader of ONNX with.

For each network NAME.onnx (input "images", output "scores", any batch size unless told otherwise) and NAME.npz:
  images     float32 [4, C, H, W] in [0, 1], multiples of 1/255
  scores     float64 [4, K] of the network in float64;  scores32: of the network in float32
  gradients  float32 [4, C, H, W]: d/d images of sum_k cos(k) scores[:, k], computed in float64
A network whose file takes [N, H, W, C] or bytes has these arrays all the same: permute, or multiply by 255.
The known networks are torchvision's, defined anew here with its layers, in its order. --small makes all of them narrow and for small
images, so that no file has more than 150 KB. Same seed, machine and version of PyTorch (written for 1.13): same bytes.
"""
import argparse
import math
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

SEED = 2026
LIMIT = 150 * 1024


@dataclass(frozen=True)
class Scale:
    """How wide the networks are and how large the images."""

    small: bool

    @property
    def classes(self):
        return 10 if self.small else 1000

    def narrow(self, channels, divisor):
        """The channels of a known network; even, and at least 2, when divided."""
        return max(2, channels // divisor // 2 * 2) if self.small else channels

    @property
    def width(self):
        """The width of a network made for this file."""
        return 4 if self.small else 16


@dataclass(frozen=True)
class Case:
    """A network and how it is exported."""

    build: Callable[[Scale], nn.Module]
    opset: int
    sides: tuple = (16, 64)  # of small and of full images
    fold: bool = True  # False keeps batch norms and constants as they are
    inputs: bool = False  # initializers are graph inputs, too, as old exporters had it
    any_batch: bool = True
    layout: str = "nchw"  # of the file: nchw, nhwc or bytes


KNOWN = (32, 224)

# Networks that torchvision has


def conv_bn(inputs, outputs, kernel=3, stride=1, groups=1, activation=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = conv_bn(inputs, width, 1, stride) if stride != 1 or inputs != width else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = conv_bn(inputs, 4 * width, 1, stride) if stride != 1 or inputs != 4 * width else None

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, block, depths, scale):
        super().__init__()
        width = scale.narrow(64, 32)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, depth in enumerate(depths):
            blocks = []
            for number in range(depth):
                blocks.append(block(inputs, width << stage, 2 if stage > 0 and number == 0 else 1))
                inputs = (width << stage) * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, scale.classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.skip = stride == 1 and inputs == outputs
        first = [conv_bn(inputs, hidden, 1, activation=nn.ReLU6)] if expand != 1 else []
        self.conv = nn.Sequential(*first, conv_bn(hidden, hidden, 3, stride, hidden, nn.ReLU6), *conv_bn(hidden, outputs, 1))

    def forward(self, x):
        return x + self.conv(x) if self.skip else self.conv(x)


class MobileNetV2(nn.Module):
    STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self, scale):
        super().__init__()
        inputs, last = scale.narrow(32, 16), scale.narrow(1280, 16)
        layers = [conv_bn(3, inputs, 3, 2, activation=nn.ReLU6)]
        for expand, channels, depth, stride in self.STAGES:
            outputs = scale.narrow(channels, 16)
            for number in range(depth):
                layers.append(InvertedResidual(inputs, outputs, stride if number == 0 else 1, expand))
                inputs = outputs
        self.features = nn.Sequential(*layers, conv_bn(inputs, last, 1, activation=nn.ReLU6))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, scale.classes))

    def forward(self, x):
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


class Fire(nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1."""

    def __init__(self, scale):
        super().__init__()
        c = lambda channels: scale.narrow(channels, 8)
        fire = lambda inputs, squeeze: Fire(c(inputs), c(squeeze), c(4 * squeeze))
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        self.features = nn.Sequential(
            nn.Conv2d(3, c(64), 3, 2), nn.ReLU(), pool(), fire(64, 16), fire(128, 16), pool(), fire(128, 32), fire(256, 32), pool(),
            fire(256, 48), fire(384, 48), fire(384, 64), fire(512, 64))
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(c(512), scale.classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return torch.flatten(self.classifier(self.features(x)), 1)


def channel_shuffle(x, groups):
    n, c, h, w = x.size()
    x = x.view(n, groups, c // groups, h, w)
    return torch.transpose(x, 1, 2).contiguous().view(n, -1, h, w)


class ShuffleUnit(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride = stride
        half = outputs // 2
        first = inputs if stride > 1 else half
        self.branch1 = nn.Sequential(*conv_bn(inputs, inputs, 3, stride, inputs), *conv_bn(inputs, half, 1, activation=nn.ReLU))
        self.branch2 = nn.Sequential(
            *conv_bn(first, half, 1, activation=nn.ReLU), *conv_bn(half, half, 3, stride, half),
            *conv_bn(half, half, 1, activation=nn.ReLU))
        if stride == 1:
            self.branch1 = None

    def forward(self, x):
        if self.stride == 1:
            kept, x = x.chunk(2, dim=1)
        else:
            kept = self.branch1(x)
        return channel_shuffle(torch.cat((kept, self.branch2(x)), dim=1), 2)


class ShuffleNetV2(nn.Module):
    """ShuffleNetV2 ×1.0."""

    def __init__(self, scale):
        super().__init__()
        inputs, *stages, last = [scale.narrow(channels, 24) for channels in (24, 116, 232, 464, 1024)]
        self.conv1 = conv_bn(3, inputs, 3, 2, activation=nn.ReLU)
        for number, (outputs, repeats) in enumerate(zip(stages, (4, 8, 4)), 2):
            units = [ShuffleUnit(inputs if unit == 0 else outputs, outputs, 2 if unit == 0 else 1) for unit in range(repeats)]
            setattr(self, f"stage{number}", nn.Sequential(*units))
            inputs = outputs
        self.conv5 = conv_bn(inputs, last, 1, activation=nn.ReLU)
        self.fc = nn.Linear(last, scale.classes)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 3, 2, 1)
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(x.mean([2, 3]))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return torch.sigmoid(self.fc2(F.silu(self.fc1(self.avgpool(x))))) * x


class MBConv(nn.Module):
    """A block of EfficientNet without stochastic depth, which scores nothing."""

    def __init__(self, inputs, outputs, kernel, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.skip = stride == 1 and inputs == outputs
        first = [conv_bn(inputs, hidden, 1, activation=nn.SiLU)] if expand != 1 else []
        self.block = nn.Sequential(
            *first, conv_bn(hidden, hidden, kernel, stride, hidden, nn.SiLU), SqueezeExcitation(hidden, max(1, inputs // 4)),
            conv_bn(hidden, outputs, 1))

    def forward(self, x):
        return self.block(x) + x if self.skip else self.block(x)


class EfficientNetB0(nn.Module):
    STAGES = [
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]

    def __init__(self, scale):
        super().__init__()
        inputs, last = scale.narrow(32, 32), scale.narrow(1280, 32)
        layers = [conv_bn(3, inputs, 3, 2, activation=nn.SiLU)]
        for expand, kernel, stride, channels, depth in self.STAGES:
            outputs = scale.narrow(channels, 32)
            blocks = []
            for number in range(depth):
                blocks.append(MBConv(inputs, outputs, kernel, stride if number == 0 else 1, expand))
                inputs = outputs
            layers.append(nn.Sequential(*blocks))
        self.features = nn.Sequential(*layers, conv_bn(inputs, last, 1, activation=nn.SiLU))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, scale.classes))

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class VGG11(nn.Module):
    """VGG-11 with batch norm; its pooling to 7×7 is one to 1×1 for small images."""

    LAYERS = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]

    def __init__(self, scale):
        super().__init__()
        side, hidden, inputs, layers = 1 if scale.small else 7, scale.narrow(4096, 128), 3, []
        for layer in self.LAYERS:
            if layer == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                outputs = scale.narrow(layer, 32)
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(side)
        self.classifier = nn.Sequential(
            nn.Linear(inputs * side * side, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(),
            nn.Linear(hidden, scale.classes))

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, features):
        x = self.conv1(F.relu(self.norm1(torch.cat(features, 1))))
        return self.conv2(F.relu(self.norm2(x)))


class DenseBlock(nn.Module):
    def __init__(self, layers, inputs, growth):
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(inputs + number * growth, growth) for number in range(layers))

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet121(nn.Module):
    """DenseNet-121; the small one has fewer layers in each block."""

    def __init__(self, scale):
        super().__init__()
        growth = scale.narrow(32, 16)
        depths = (2, 3, 4, 3) if scale.small else (6, 12, 24, 16)
        channels = 2 * growth
        layers = [nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        for block, depth in enumerate(depths):
            layers.append(DenseBlock(depth, channels, growth))
            channels += depth * growth
            if block < len(depths) - 1:
                layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2, 2)]
                channels //= 2
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, scale.classes)

    def forward(self, x):
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(F.relu(self.features(x)), 1), 1))


class LinearAttention(nn.Module):
    """Attention of one product for queries, keys and values, as in timm."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, tokens, width))


class TorchAttention(nn.Module):
    """PyTorch's own, tokens first; its fast path for batches first has no ONNX."""

    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads)

    def forward(self, x):
        x = x.transpose(0, 1)
        return self.attention(x, x, x, need_weights=False)[0].transpose(0, 1)


class EncoderBlock(nn.Module):
    def __init__(self, width, heads, attention):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = attention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(0.0), nn.Linear(4 * width, width), nn.Dropout(0.0))

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class VisionTransformer(nn.Module):
    """A ViT of width 192 and 4 blocks; torchvision's are wider and deeper."""

    def __init__(self, scale, attention):
        super().__init__()
        width, depth, heads, patch, side = (16, 2, 2, 8, KNOWN[0]) if scale.small else (192, 4, 3, 16, KNOWN[1])
        self.conv_proj = nn.Conv2d(3, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embedding = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, width))
        self.layers = nn.Sequential(*[EncoderBlock(width, heads, attention) for _ in range(depth)])
        self.ln = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, scale.classes)

    def forward(self, x):
        n, width = x.shape[0], self.class_token.shape[2]
        x = self.conv_proj(x).reshape(n, width, -1).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(n, -1, -1), x], dim=1) + self.pos_embedding
        return self.head(self.ln(self.layers(x))[:, 0])


class ConvNeXtBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.layer_scale = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x):
        y = self.mlp(self.norm(self.depthwise(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return x + self.layer_scale * y


class ConvNeXt(nn.Module):
    """Two blocks of ConvNeXt between a stem of patches and a layer norm over channels."""

    def __init__(self, scale):
        super().__init__()
        width = scale.narrow(96, 12)
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.blocks = nn.Sequential(ConvNeXtBlock(width), ConvNeXtBlock(width))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, scale.classes)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.stem(x)).mean([-2, -1])))


# Networks that each have something out of the ordinary


class Classifier(nn.Module):
    """Features of a subclass, averaged over what space is left, then scores."""

    def __init__(self, scale, features):
        super().__init__()
        self.head = nn.Linear(features, 10)

    def features(self, x):
        raise NotImplementedError

    def forward(self, x):
        return self.head(self.features(x).mean([2, 3]))


class Plain(Classifier):
    """Two convolutions."""

    def __init__(self, scale):
        super().__init__(scale, 2 * scale.width)
        self.body = nn.Sequential(
            conv_bn(3, scale.width, 3, 2, activation=nn.ReLU), conv_bn(scale.width, 2 * scale.width, 3, 2, activation=nn.ReLU))

    def features(self, x):
        return self.body(x)


class ChannelsLast(Plain):
    def forward(self, x):
        return super().forward(x.permute(0, 3, 1, 2))


class Bytes(Plain):
    """Takes bytes, which become [0, 1] and then are normalised."""

    def __init__(self, scale):
        super().__init__(scale)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x):
        x = x.to(self.mean.dtype) / 255
        return super().forward((x - self.mean) / self.std)


class Probabilities(Plain):
    def forward(self, x):
        return F.softmax(super().forward(x), dim=1)


class LogProbabilities(Plain):
    def forward(self, x):
        return F.log_softmax(super().forward(x), dim=-1)


class OneImage(Plain):
    """Flattens to a batch of one that is written into the file."""

    def __init__(self, scale):
        super().__init__(scale)
        self.head = nn.Linear(2 * scale.width * 16, 10)

    def forward(self, x):
        return self.head(F.adaptive_avg_pool2d(self.features(x), 4).view(x.size(0), -1))


class Decoder(Classifier):
    """Convolutions to a code and transposed ones back, with groups, dilation, output padding and no bias."""

    def __init__(self, scale):
        width = scale.width
        super().__init__(scale, width)
        self.encoder = nn.Sequential(nn.Conv2d(3, 2 * width, 3, 2, 1), nn.ReLU(), nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.ReLU())
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 3, (2, 1), (1, 2), output_padding=(1, 0), groups=2, bias=False), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 3, 1, 0, dilation=2), nn.ReLU())

    def features(self, x):
        return self.decoder(self.encoder(x))


class Activations(Classifier):
    """A residual block for each activation."""

    def __init__(self, scale, *activations):
        super().__init__(scale, scale.width)
        self.stem = nn.Conv2d(3, scale.width, 3, 2, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(scale.width, scale.width, 3, padding=1), activation) for activation in activations)

    def features(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = 0.7 * (x + block(x))
        return x


def kinked(scale, *more):
    return Activations(
        scale, nn.PReLU(scale.width), nn.PReLU(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.Hardswish(), nn.Hardsigmoid(), nn.SELU(), nn.ReLU6(),
        nn.Hardtanh(-0.5, 0.8), *more)


def smooth(scale):
    return Activations(
        scale, nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.Softplus(), nn.Tanh(), nn.Sigmoid(), nn.Mish(), nn.LogSigmoid(), nn.Softsign(),
        nn.Softmax(1))


class Norms(Classifier):
    """Norms that look at the image at hand: instance, group, local response, layer, and lengths."""

    def __init__(self, scale):
        width = 2 * scale.width
        super().__init__(scale, width)
        self.stem = nn.Conv2d(3, width, 3, 2, 1)
        self.plain, self.affine = nn.InstanceNorm2d(width), nn.InstanceNorm2d(width, eps=1e-3, affine=True)
        self.group, self.single = nn.GroupNorm(4, width), nn.GroupNorm(1, width)
        self.local = nn.LocalResponseNorm(3, alpha=0.2, beta=0.6, k=1.5)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(4))

    def features(self, x):
        x = self.plain(self.stem(x))
        for conv, norm in zip(self.convs, (self.affine, self.group, self.single, self.local)):
            x = norm(conv(F.relu(x)))
        return F.normalize(x, dim=1)


class Pools(Classifier):
    """Pooling of every kind, over sizes that do not divide."""

    def __init__(self, scale):
        width = scale.width
        super().__init__(scale, 2 * width)
        self.stem = nn.Conv2d(3, width, 3, padding=(1, 0))
        self.average = nn.ModuleList([
            nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AvgPool2d(3, 2, 1, count_include_pad=True),
            nn.AvgPool2d((2, 3), (2, 1), (0, 1))])
        self.ceiling = nn.ModuleList([nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.MaxPool2d(3, 2, ceil_mode=True)])
        self.maximum = nn.ModuleList([nn.MaxPool2d(3, 1, 1, dilation=2), nn.MaxPool2d((2, 3), (1, 2), (0, 1))])
        self.mix, self.gate = nn.Conv2d(7 * width, 2 * width, 1), nn.Conv2d(width, 2 * width, 1)

    def features(self, x):
        x = self.stem(x)
        pooled = [F.adaptive_avg_pool2d(pool(x), 1) for pool in [*self.average, *self.ceiling, *self.maximum]]
        gate = self.gate(x)
        return F.relu(self.mix(torch.cat(pooled, 1))) + F.adaptive_avg_pool2d(gate, 2) * F.adaptive_max_pool2d(gate, (2, 1))


class Paddings(Classifier):
    """Padding with a constant, by reflection, by the edge, by less than nothing and by what is on the other side."""

    def __init__(self, scale):
        super().__init__(scale, scale.width)
        self.pads = nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.ConstantPad2d(1, 0.3), nn.ReflectionPad2d((2, 1, 1, 2)),
                                  nn.ReplicationPad2d((1, 0, 2, 1)), nn.ZeroPad2d((-1, -2, 1, -1)))
        self.convs = nn.Sequential(nn.Conv2d(3, scale.width, 3, 2), nn.ReLU(), nn.Conv2d(scale.width, scale.width, 3, padding=(1, 0)))

    def features(self, x):
        x = self.pads(x)
        return self.convs(torch.cat((x[..., -1:], x, x[..., :1]), 3))  # Exporters before 2.0 write F.pad's "circular" wrongly.


class Resizes(Classifier):
    """Upsampling by factors and to sizes, nearest, linear and cubic."""

    def __init__(self, scale, everything):
        width = scale.width
        super().__init__(scale, width)
        self.everything = everything
        self.down = nn.Conv2d(3, width, 3, 4, 1)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(5))

    def features(self, x):
        x = self.down(x)
        size = x.shape[2]
        x = torch.relu(self.convs[0](F.interpolate(x, scale_factor=2)))
        if self.everything:
            x = x + self.convs[1](F.interpolate(x, size=(3, 5), mode="bilinear", align_corners=False)).mean([2, 3], keepdim=True)
            x = x + self.convs[2](F.interpolate(x, size=(7, 6), mode="bilinear", align_corners=True)).mean([2, 3], keepdim=True)
            x = x + self.convs[3](F.interpolate(x, size=(5, 7), mode="bicubic", align_corners=False)).mean([2, 3], keepdim=True)
            x = x + self.convs[4](F.interpolate(x, size=(size + 1, size), mode="nearest")).mean([2, 3], keepdim=True)
        return F.pixel_shuffle(torch.cat([x] * 4, 1), 2)[:, ::1]


class Signals(nn.Module):
    """One-dimensional convolutions along the rows of the image."""

    def __init__(self, scale):
        super().__init__()
        width = scale.width
        self.body = nn.Sequential(
            nn.Conv1d(3, width, 5, 2, 2, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(width, width, 3, dilation=2), nn.ReLU(), nn.AvgPool1d(3, 2, 1), nn.ConvTranspose1d(width, width, 2, 2), nn.ReLU(),
            nn.AdaptiveAvgPool1d(1))
        self.volume = nn.Conv3d(3, width, (1, 3, 3), padding=(0, 1, 1))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        signal = self.body(x.flatten(2)).squeeze(2)
        return self.head(signal + self.volume(x.unsqueeze(2)).amax([2, 3, 4]))


class Shuffles(Classifier):
    """Channels split, chunked, unbound, stacked, shuffled and put together again."""

    def __init__(self, scale):
        width = 4 * scale.width
        super().__init__(scale, width)
        self.stem = nn.Conv2d(3, width, 3, 2, 1)
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.grouped = nn.Conv2d(width, width, 1, groups=4)

    def features(self, x):
        x = self.stem(x)
        a, b = x.chunk(2, dim=1)
        x = torch.cat((a, torch.relu(b)), dim=1)
        a, b, c = x.split([1, 2, x.shape[1] - 3], dim=1)
        x = channel_shuffle(self.depthwise(torch.cat((c, a, b * 0.5), dim=1)), 4)
        rows = torch.stack((x, torch.tanh(x)), dim=1).unbind(1)
        return self.grouped(torch.relu(rows[0] - rows[1])) + x.flatten(2).view_as(x)


class Indices(Classifier):
    """Channels and pixels picked by index, slices with steps, and turns."""

    def __init__(self, scale):
        super().__init__(scale, scale.width)
        self.register_buffer("order", torch.tensor([2, 0, 1]))
        self.register_buffer("columns", torch.tensor([-1, 3, 3, 0, 5]))
        self.table = nn.Embedding(7, scale.width)
        self.conv = nn.Conv2d(3, scale.width, 3, padding=1)

    def features(self, x):
        x = x.index_select(1, self.order)
        x = torch.cat((x[:, :, ::2, 1:-1:3], x.flip(3)[:, :, 1::2, :3], x[..., self.columns][:, :, ::2]), dim=3)
        x = self.conv(x).transpose(2, 3)
        x = x + self.table(self.order + 1).mean(0)[None, :, None, None]
        return torch.cat((torch.narrow(x, 2, 1, 4), x[:, :, -2:]), 2) + x[:, :, 2, 3].unsqueeze(-1).unsqueeze(-1).expand_as(x[:, :, :6])


class Formulas(Classifier):
    """Arithmetic by element and reductions."""

    def __init__(self, scale):
        super().__init__(scale, scale.width)
        self.stem = nn.Conv2d(3, scale.width, 3, 2, 1)
        self.gain = nn.Parameter(torch.ones(scale.width, 1, 1))

    def features(self, x):
        x = self.stem(x)
        y = torch.exp(-x.abs()) + torch.sqrt(x * x + 1) - torch.log(2 + torch.sin(x)) / 3 + torch.rsqrt(x.pow(2) + 0.5) + torch.cos(x)
        y = y + torch.erf(x) + torch.where(x > 0.1, x, 0.5 * x * self.gain) + torch.maximum(x, -self.gain) + torch.minimum(x, y)
        y = y + x.clamp(-0.5, 0.7) + x.clamp(min=-0.3) + (x.abs() + 0.5) ** 1.5 + 1 / (1 + x.square()) + torch.reciprocal(2 + x.cos())
        y = y - y.mean(1, keepdim=True) + x.amax((2, 3), keepdim=True) - x.amin(1, keepdim=True) + x.sum(3, keepdim=True) / 10
        y = y / y.norm(dim=1, keepdim=True).clamp(min=0.1) + torch.logsumexp(x, 1, keepdim=True) + x.norm(p=1, dim=2, keepdim=True) / 10
        return y + torch.cumsum(x, 2) / 10 + x.var([2, 3], keepdim=True) + torch.floor(4 * x) / 4 + x.detach().sign()


class Products(nn.Module):
    """Matrix products: constants on either side, columns, batches, factors, Einstein's sums, and linear layers over three axes."""

    def __init__(self, scale):
        super().__init__()
        side, width = 16 if scale.small else 64, scale.width
        self.left = nn.Parameter(torch.zeros(width, side))
        self.right = nn.Parameter(torch.zeros(side, width))
        self.column = nn.Parameter(torch.zeros(12, 3 * width * width))
        self.shift = nn.Parameter(torch.zeros(12, 1))
        self.rows = nn.Linear(width, width)
        self.free = nn.Linear(width, width, bias=False)
        self.bilinear = nn.Parameter(torch.zeros(3, width, width))
        self.head_weight = nn.Parameter(torch.zeros(12, 10))
        self.head_bias = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        x = torch.matmul(torch.matmul(self.left, x), self.right)
        x = self.free(F.relu(self.rows(x)))
        x = x + torch.einsum("nchw,cwv->nchv", x, self.bilinear)
        x = x + x @ x.transpose(2, 3) / 4 + torch.bmm(x[:, 0], x[:, 1]).unsqueeze(1) / 4
        x = torch.matmul(self.column, x.reshape(x.shape[0], -1, 1)) + self.shift
        return torch.addmm(self.head_bias, F.relu(x.squeeze(-1)), self.head_weight, beta=0.5, alpha=2.0)


class Versions(Classifier):
    """What the versions of ONNX write differently: clip, pad, split, slice, squeeze, resize, sum, softmax, dropout, layer norm."""

    def __init__(self, scale):
        width = scale.width
        super().__init__(scale, 2 * width)
        self.stem = nn.Sequential(nn.ConstantPad2d((0, 1, 1, 0), 0.2), conv_bn(3, 2 * width, 3, 2, activation=nn.ReLU6), nn.Dropout(0.3))
        self.norm = nn.LayerNorm(2 * width)
        self.swish = nn.Hardswish()

    def features(self, x):
        a, b = self.stem(x).split(self.head.in_features // 2, 1)
        x = torch.cat((a + 1, b[:, :, :, :]), 1)[:, :, 1:, :-1]
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        weights = F.softmax(x.sum(1, keepdim=True).flatten(1), dim=1).view(-1, 1, *x.shape[2:])
        x = (x * weights).sum((2, 3)).unsqueeze(-1).unsqueeze(-1) * 3 + self.swish(x)
        return F.interpolate(x, scale_factor=2, mode="nearest").clamp(max=2.5)


CASES = {
    "resnet18": Case(lambda s: ResNet(BasicBlock, (2, 2, 2, 2), s), 13, KNOWN),
    "resnet34": Case(lambda s: ResNet(BasicBlock, (3, 4, 6, 3), s), 9, KNOWN),
    "resnet50": Case(lambda s: ResNet(Bottleneck, (3, 4, 6, 3), s), 17, KNOWN),
    "mobilenet_v2": Case(MobileNetV2, 11, KNOWN),
    "squeezenet1_1": Case(SqueezeNet, 11, KNOWN, inputs=True),
    "shufflenet_v2": Case(ShuffleNetV2, 13, KNOWN),
    "efficientnet_b0": Case(EfficientNetB0, 16, KNOWN),
    "vgg11_bn": Case(VGG11, 13, KNOWN, fold=False),
    "densenet121": Case(DenseNet121, 11, KNOWN),
    "vit_linear": Case(lambda s: VisionTransformer(s, LinearAttention), 17, KNOWN),
    "vit_multihead": Case(lambda s: VisionTransformer(s, TorchAttention), 13, KNOWN),
    "convnext": Case(ConvNeXt, 16, KNOWN),
    "decoder": Case(Decoder, 15),
    "kinked_9": Case(kinked, 9),
    "kinked_16": Case(lambda s: kinked(s, nn.CELU(0.5)), 16),
    "smooth_13": Case(smooth, 13),
    "norms_13": Case(Norms, 13),
    "norms_17": Case(Norms, 17),
    "pools": Case(Pools, 13),
    "paddings": Case(Paddings, 13),
    "resizes_9": Case(lambda s: Resizes(s, False), 9),
    "resizes_13": Case(lambda s: Resizes(s, True), 13),
    "signals": Case(Signals, 13),
    "shuffles_11": Case(Shuffles, 11),
    "shuffles_13": Case(Shuffles, 13, fold=False),
    "indices": Case(Indices, 13),
    "formulas": Case(Formulas, 13),
    "products": Case(Products, 13),
    "probabilities_9": Case(Probabilities, 9),
    "probabilities_13": Case(Probabilities, 13),
    "log_probabilities": Case(LogProbabilities, 13),
    "channels_last": Case(ChannelsLast, 13, layout="nhwc"),
    "bytes": Case(Bytes, 13, layout="bytes"),
    "one_image": Case(OneImage, 9, any_batch=False),
    **{f"versions_{opset}": Case(Versions, opset) for opset in (9, 11, 13, 16, 17)},
}


def photographs(count, side, generator):
    """Colours that change slowly, with some noise, as bytes: [count, 3, side, side] in [0, 1]."""
    colours = F.interpolate(torch.rand(count, 3, 5, 5, generator=generator), size=(side, side), mode="bilinear", align_corners=True)
    noise = 0.03 * torch.randn(count, 3, side, side, generator=generator)
    return (255 * (colours + noise).clamp(0, 1)).round() / 255


@torch.no_grad()
def randomize(network):
    """
    Weights that keep the size of what goes through, and norms that are not those of a fresh network: most of what they let through is
    positive, since deep networks of fresh ones have exploding gradients.
    """
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, BatchNorm):
                parameter.normal_(0.5, 0.3) if name == "bias" else parameter.uniform_(0.3, 0.7)
            elif isinstance(module, nn.PReLU):
                parameter.uniform_(0.1, 0.4)
            elif name == "bias" or parameter.numel() == 1:
                parameter.normal_(0, 0.2)
            elif parameter.dim() == 1 or "scale" in name or name == "gain":
                parameter.uniform_(0.5, 1.5)
            elif name in ("class_token", "pos_embedding"):
                parameter.normal_(0, 0.5)
            else:
                gain = 1.0 if isinstance(module, nn.Linear) else 2.0
                rows = parameter.transpose(0, 1) if isinstance(module, (nn.ConvTranspose1d, nn.ConvTranspose2d)) else parameter
                parameter.normal_(0, math.sqrt(gain / rows[0].numel()))


@torch.no_grad()
def settle(network, case, scale, side, generator):
    """Statistics of batch norms as training leaves them: the average over a few batches."""
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    if norms:
        network.train()
        for norm in norms:
            norm.momentum = None
        for _ in range(4 if scale.small else 2):
            network(as_file(photographs(64 if scale.small else 8, side, generator), case))
        for norm in norms:
            norm.momentum = 0.1
    return network.eval()


def as_file(images, case):
    """Images as the file takes them; bytes stay what a gradient can be taken by."""
    return images.permute(0, 2, 3, 1) if case.layout == "nhwc" else 255 * images if case.layout == "bytes" else images


def score(network, case, images):
    """Scores, and gradients by the images of sum_k cos(k) scores[:, k]."""
    images = images.clone().requires_grad_()
    inputs = as_file(images, case)
    scores = network(inputs) if case.any_batch else torch.cat([network(image[None]) for image in inputs])
    weights = torch.cos(torch.arange(scores.shape[1], dtype=scores.dtype))
    return scores.detach(), torch.autograd.grad((scores * weights).sum(), images)[0]


def export(name, case, scale, folder):
    torch.manual_seed(SEED + zlib.crc32(name.encode()))
    generator = torch.Generator().manual_seed(SEED)
    side = case.sides[0] if scale.small else case.sides[1]
    network = case.build(scale)
    randomize(network)
    settle(network, case, scale, side, generator)
    images = photographs(4, side, generator)

    scores32, gradients32 = score(network, case, images)
    example = as_file(photographs(2 if case.any_batch else 1, side, generator), case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, example.round().byte() if case.layout == "bytes" else example, folder / f"{name}.onnx", opset_version=case.opset,
            input_names=["images"], output_names=["scores"],
            dynamic_axes={"images": {0: "n"}, "scores": {0: "n"}} if case.any_batch else None, do_constant_folding=case.fold,
            training=torch.onnx.TrainingMode.EVAL if case.fold else torch.onnx.TrainingMode.PRESERVE,
            keep_initializers_as_inputs=case.inputs)

    scores, gradients = score(network.double(), case, images.double())
    numpy.savez_compressed(
        folder / f"{name}.npz", images=images.numpy(), scores=scores.numpy(), scores32=scores32.numpy(),
        gradients=gradients.float().numpy())
    sizes = [(folder / f"{name}.{kind}").stat().st_size for kind in ("onnx", "npz")]
    print(f"{name:18} opset {case.opset:2}  {sizes[0]:10,} + {sizes[1]:9,} bytes  scores {scores.mean():6.2f} ± {scores.std():5.2f}"
          f"  gradients {gradients.norm():8.2e}  float32 off by {(scores32 - scores).norm() / scores.norm():.0e} and"
          f" {(gradients32 - gradients).norm() / gradients.norm():.0e}", flush=True)
    if scale.small and max(sizes) > LIMIT:
        raise SystemExit(f"{name}: no file may have more than {LIMIT:,} bytes.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="the folder for the files")
    parser.add_argument("--small", action="store_true", help="narrow networks for small images")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="NAME", default=list(CASES), help="these networks alone")
    parser.add_argument("--list", action="store_true", help="name the networks")
    options = parser.parse_args()
    if options.list:
        print("\n".join(CASES))
    elif options.out is None:
        parser.error("--out: give a folder.")
    else:
        torch.set_num_threads(1)
        options.out.mkdir(parents=True, exist_ok=True)
        for name in options.only:
            export(name, CASES[name], Scale(options.small), options.out)


if __name__ == "__main__":
    main()
